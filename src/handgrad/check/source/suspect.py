"""What is suspected, and what was tried."""

from dataclasses import dataclass

from handgrad.check.source.instrument import Site


@dataclass
class Candidate:
    """An edit that was run."""

    text: str  # of the whole file
    site: Site | None
    line: int
    fault: str
    cost: float
    right: frozenset[str]
    truthful: bool = False  # the edited value is a true gradient at every pass looked at
    score: float = 0.0
    before: str = ""
    after: str = ""
    also: tuple[str, ...] = ()  # other classes that say the same of it
    multiple: bool = False  # the edited value is a multiple of a true gradient, in a file where that is usual


@dataclass
class Suspect:
    """A site, and what speaks for the fault being there."""

    site: Site
    order: int
    covers: bool  # it influences every wrong parameter
    touches: bool  # it influences at least one
    ratios: list[float]  # its values as multiples of true gradients
    usual: float = 1.0  # the multiple that is as good as 1 in this file
    clean: bool = True  # it influences no right parameter
    finals: tuple[float, ...] = ()  # how many times too large the wrong gradients are that it reaches, where that is so

    @property
    def right(self) -> bool:
        """All its values are true gradients."""
        return bool(self.ratios) and all(self._fits(each) for each in self.ratios) and not self._explains()

    @property
    def plain(self) -> bool:
        """All its values are true gradients, and no multiples of them."""
        return all(abs(each - 1) < 1e-4 for each in self.ratios)

    @property
    def helper(self) -> bool:
        """What it computes is no gradient, or a multiple of one: a size, a mask, a mean taken twice."""
        return not any(abs(each) > 0 for each in self.ratios) or not (self.right or self.first_right)

    @property
    def first_right(self) -> bool:
        """Its value at the first pass is a true gradient."""
        return bool(self.ratios) and self._fits(self.ratios[0]) and not self._explains()

    @property
    def begins(self) -> bool:
        """It is passed once, before a loop: what a carry starts with."""
        return len(self.ratios) == 1 and not self.site.block

    @property
    def is_multiple(self) -> bool:
        """Its value at the first pass is a multiple of a true gradient that it should not be."""
        return bool(self.ratios) and abs(self.ratios[0]) > 0 and not self._fits(self.ratios[0])

    def _explains(self) -> bool:
        """Whether its multiple is what makes a gradient wrong that it reaches: 1 where the others are n, say."""
        return any(abs(each - 1) > 1e-3 and self._fits(self.ratios[0] / each) for each in self.finals if each)

    def _fits(self, ratio: float) -> bool:
        return abs(ratio - 1) < 1e-4 or abs(ratio - self.usual) < 1e-3 * abs(self.usual)
