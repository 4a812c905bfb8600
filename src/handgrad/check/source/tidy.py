"""Make an edit look as its author would have written it: no parentheses that change nothing, ``+=`` where it fits."""

import ast
import difflib


def tidy(before: str, after: str) -> str:
    """``after`` without needless parentheses in the lines that differ from ``before``."""
    old, new = before.splitlines(True), after.splitlines(True)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    lines = new.copy()
    allowed = sum(line.count("(") for line in new) - sum(line.count("(") for line in old)
    for tag, start, stop, first, last in matcher.get_opcodes():
        if tag in ("replace", "insert"):
            known = "".join(old[start:stop])
            for place in range(first, last):
                lines[place] = _line(lines[place], known, allowed)
    text = "".join(lines)
    return text if _same(after, text) else after


def _same(one: str, other: str) -> bool:
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False


def _line(line: str, known: str, allowed: int) -> str:
    """One line without the pairs of parentheses that mean nothing and were not there before."""
    body = line.strip()
    try:
        wanted = ast.dump(ast.parse(body))
    except SyntaxError:
        return line
    changed = True
    while changed and allowed > 0:
        changed = False
        pairs = sorted(_pairs(body), key=lambda pair: body[pair[0] : pair[1] + 1] in known)  # what is new goes first
        for start, end in pairs:
            shorter = body[:start] + body[start + 1 : end] + body[end + 1 :]
            try:
                if ast.dump(ast.parse(shorter)) == wanted:
                    body, changed = shorter, True
                    allowed -= 1
                    break
            except SyntaxError:
                continue
    return line.replace(line.strip(), body)


def _pairs(text: str) -> list[tuple[int, int]]:
    stack: list[int] = []
    found = []
    for place, character in enumerate(text):
        if character == "(":
            stack.append(place)
        elif character == ")" and stack:
            found.append((stack.pop(), place))
    return sorted(found)


def in_words_of(original: str, converted: str, edited: str) -> str:
    """An edit of the converted text (float64 for float32), made in the text as the user wrote it."""
    if original == converted:
        return edited
    kept, base, new = original.splitlines(True), converted.splitlines(True), edited.splitlines(True)
    lines: list[str] = []
    for tag, start, stop, first, last in difflib.SequenceMatcher(None, base, new, autojunk=False).get_opcodes():
        lines += kept[start:stop] if tag == "equal" else new[first:last]
    return "".join(lines)
