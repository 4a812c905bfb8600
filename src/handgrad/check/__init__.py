"""The gradient checker: ``handgrad.check(loss, gradients, parameters)``.

The package is callable. It is reached as ``handgrad.check`` from the moment that any of its modules is imported, and a
function of that name would come and go with the order of imports; so the package itself does what the name says.
"""

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from handgrad.check.file import check_file
    from handgrad.check.result import Report


_ABOUT = __doc__


class _Check(ModuleType):
    """A package that can be called, and whose help is that of the function."""

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """What ``help(handgrad.check)`` shows: the function first. Put together only when somebody asks."""
        import inspect
        import textwrap

        from handgrad.check.numbers import check

        known = inspect.signature(check).parameters.values()
        shown = [each.replace(annotation=each.empty) for each in known if each.kind is not each.VAR_POSITIONAL]
        call = "\n".join(textwrap.wrap(f"handgrad.check{inspect.Signature(shown)}", 96, subsequent_indent="    "))
        head = "The gradient checker: hand-written gradients beside numerical ones."
        return f"{head}\n\n{call}\n\n{inspect.getdoc(check)}\n\n{_ABOUT}"

    def __call__(
        self,
        loss: "Callable[[Any], Any]",
        gradients: "Callable[[Any], Any]",
        parameters: Any,
        *more: Any,
        **options: Any,
    ) -> "Report":
        """Compare ``gradients(parameters)`` with the numerical derivatives of ``loss(parameters)``.

        The options are those of :func:`handgrad.check.numbers.check`: tolerance, entries, seed, time_limit, and what
        lets the report say more about the reason.
        """
        from handgrad.check.numbers import check

        return check(loss, gradients, parameters, *more, **options)


def __getattr__(name: str) -> Any:
    if name == "check_file":
        from handgrad.check.file import check_file

        return check_file
    raise AttributeError(f"module 'handgrad.check' has no attribute {name!r}")


__all__ = ["check_file"]

sys.modules[__name__].__class__ = _Check
