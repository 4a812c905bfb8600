"""Watch a user's source run: every value that a statement computes, and every use of a value, goes through a hook.

``x = E`` becomes ``x = (_hg_v(7, E) if _hg_s[7] is None else _hg_alt(7, locals()))``: the value is seen, can be
perturbed, and the expression can be exchanged for another one without compiling the function again. In E, a variable
``h`` becomes ``_hg_u(12, h)``: one use of h, to be perturbed alone. Line numbers stay those of the user's file.
"""

import ast

from handgrad.check.source.records import records_in
from handgrad.check.source.scopes import FUNCTIONS, Collector, local_names, module_names
from handgrad.check.source.text import SourceText
from handgrad.check.source.uses import Uses
from handgrad.check.source.watched import ALTERNATIVE, SEEN, SWAP, USE, VALUE, Instrumented, Site, Use


def instrument(text: str, name: str) -> Instrumented:
    """Parse ``text`` and put the hooks in. Raises SyntaxError as the parser does."""
    source = SourceText(text, name)
    plain = ast.parse(text, name)
    result = Instrumented(ast.parse(text, name), source)
    names = module_names(plain)
    result.records = records_in(plain)
    Collector(result).visit(plain)
    Transformer(result, names).visit(result.tree)
    ast.fix_missing_locations(result.tree)
    return result


class Transformer(ast.NodeTransformer):
    """Puts the hooks in."""

    def __init__(self, result: Instrumented, module_names: frozenset[str]) -> None:
        self.result = result
        self.module_names = module_names
        self.path: list[str] = []
        self.loops: list[str] = []
        self.enclosing: list[set[str]] = []  # the variables of the functions around
        self.depth_of_scope = 0  # comprehensions and lambdas around the expression
        self.statement: ast.stmt = ast.Pass()

    # scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.path.append(node.name)
        loops, self.loops = self.loops, []
        own = local_names(node)
        outer = set().union(*self.enclosing) - own if self.enclosing else set()
        self.enclosing.append(own)
        node.body = self._statements(node.body)
        self.enclosing.pop()
        self.loops = loops
        self.path.pop()
        if outer:  # never run, but it keeps the variables around a nested function in its reach
            names: list[ast.stmt] = [ast.Expr(ast.Name(each, ast.Load())) for each in sorted(outer)]
            node.body.insert(0, ast.copy_location(ast.If(ast.Constant(False), names, []), node.body[0]))
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        self.path.append(node.name)
        node.body = [self.visit(each) if isinstance(each, (*FUNCTIONS, ast.ClassDef)) else each for each in node.body]
        self.path.pop()
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        # what stands at module level runs once, before anything is watched
        node.body = [self._module_statement(each) for each in node.body]
        return node

    def _module_statement(self, node: ast.stmt) -> ast.stmt:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return self.visit(node)  # type: ignore[no-any-return]
        for part in ("body", "orelse", "finalbody"):
            if hasattr(node, part):
                setattr(node, part, [self._module_statement(each) for each in getattr(node, part)])
        return node

    # statements

    def _statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for node in body:
            self.statement = node
            after = self._after(node) if isinstance(node, ast.AugAssign) else None
            found.append(self.visit(node))
            if after is not None:
                found.append(after)
        return found

    def _after(self, node: ast.AugAssign) -> ast.stmt:
        """Look at the target of ``+=`` when it is done."""
        import copy

        target = copy.deepcopy(node.target)
        for each in ast.walk(target):
            if hasattr(each, "ctx") and isinstance(each.ctx, ast.Store):
                each.ctx = ast.Load()
        site = self._site("after", node.value, self.result.source.segment(node.target), swappable=False)
        call = ast.Call(ast.Name(SEEN, ast.Load()), [ast.Constant(site.number), target], [])
        return ast.copy_location(ast.Expr(call), node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[-1]
        node.value = self.value(node.value, "assign", target)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.value(node.value, "assign", node.target)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        node.value = self.value(node.value, "augment", node.target)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is not None:
            node.value = self.value(node.value, "return", None)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        call = node.value
        if isinstance(call, ast.Call):
            owner = self.result.source.segment(call.func)
            call.args = [
                each if isinstance(each, ast.Starred) else self.value(each, "argument", None, owner)
                for each in call.args
            ]
            for keyword in call.keywords:
                keyword.value = self.value(keyword.value, "argument", None, keyword.arg or "")
            if isinstance(call.func, ast.Attribute):
                call.func.value = self._uses(call.func.value)
        elif isinstance(call, ast.Yield) and call.value is not None:
            call.value = self._uses(call.value)
        return node

    def visit_For(self, node: ast.For) -> ast.AST:
        loop = self.result.source.line(node.lineno)
        node.iter = self._wrap(node.iter, "iterate", "")
        self.loops.append(loop)
        node.body = self._statements(node.body)
        self.loops.pop()
        node.orelse = self._statements(node.orelse)
        return node

    def visit_While(self, node: ast.While) -> ast.AST:
        self.loops.append(self.result.source.line(node.lineno))
        node.body = self._statements(node.body)
        self.loops.pop()
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        node.test = self._wrap(node.test, "test", "")
        node.body = self._statements(node.body)
        node.orelse = self._statements(node.orelse)
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        node.body = self._statements(node.body)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        node.body = self._statements(node.body)
        node.orelse = self._statements(node.orelse)
        node.finalbody = self._statements(node.finalbody)
        return node

    # expressions

    def value(self, node: ast.expr, kind: str, target: ast.expr | None, text: str = "") -> ast.expr:
        """Hooks for a value: for each element by itself, where it is written as a tuple, a list or a dict."""
        source = self.result.source
        if isinstance(node, ast.Tuple | ast.List) and not any(isinstance(each, ast.Starred) for each in node.elts):
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else []
            same = len(parts) == len(node.elts)
            whole = source.segment(target) if target is not None else text
            for place, each in enumerate(node.elts):
                name = "" if same else f"{whole}[{place}]" if whole else ""
                node.elts[place] = self.value(each, kind, parts[place] if same else None, name)
            return node
        if isinstance(node, ast.Dict):
            for place, (key, each) in enumerate(zip(node.keys, node.values, strict=True)):
                name = str(key.value) if isinstance(key, ast.Constant) else source.segment(key) if key else ""
                if key is not None:
                    node.values[place] = self.value(each, kind, None, name)
            return node
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and self._is_record(node):
            fields = self.result.records.get(node.func.id, ())
            for place, each in enumerate(node.args):
                node.args[place] = self.value(each, kind, None, fields[place] if place < len(fields) else "")
            for keyword in node.keywords:
                keyword.value = self.value(keyword.value, kind, None, keyword.arg or "")
            return node
        if isinstance(node, ast.Constant | ast.Lambda | ast.Yield | ast.YieldFrom | ast.Await):
            return node if not self._is_number(node) else self._wrap(node, kind, self._text(target, text))
        names: tuple[str, ...] = ()
        if isinstance(target, ast.Tuple | ast.List):
            names = tuple(source.segment(each) for each in target.elts)
        return self._wrap(node, kind, self._text(target, text), names)

    def _is_record(self, node: ast.Call) -> bool:
        """Whether a call only puts values together: a data class, a named tuple, ``dict(W=..., b=...)``."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        starred = any(isinstance(each, ast.Starred) for each in node.args)
        return (name in self.result.records and not starred) or (name == "dict" and not node.args)

    @staticmethod
    def _is_number(node: ast.expr) -> bool:
        return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value is not True

    def _text(self, target: ast.expr | None, text: str) -> str:
        return self.result.source.segment(target) if target is not None else text

    def _site(self, kind: str, node: ast.expr, target: str, *, swappable: bool, names: tuple[str, ...] = ()) -> Site:
        import copy

        span = self.result.source.span(node)
        site = Site(
            number=len(self.result.sites),
            kind=kind,
            function=".".join(self.path),
            statement=self.statement,
            node=copy.deepcopy(node),
            span=span,
            line=node.lineno,
            target=target,
            swappable=swappable,
            block=tuple(self.loops),
            names=names,
        )
        self.result.sites.append(site)
        return site

    def _wrap(self, node: ast.expr, kind: str, target: str, names: tuple[str, ...] = ()) -> ast.expr:
        swappable = bool(self.path)
        site = self._site(kind, node, target, swappable=swappable, names=names)
        number = ast.Constant(site.number)
        inner = self._uses(node)
        seen = ast.Call(ast.Name(VALUE, ast.Load()), [number, inner], [])
        if not swappable:
            return ast.copy_location(seen, node)
        state = ast.Subscript(ast.Name(SWAP, ast.Load()), number, ast.Load())
        local = ast.Call(ast.Name("locals", ast.Load()), [], [])
        other = ast.Call(ast.Name(ALTERNATIVE, ast.Load()), [number, local], [])
        test = ast.Compare(state, [ast.Is()], [ast.Constant(None)])
        return ast.copy_location(ast.IfExp(test, seen, other), node)

    def _uses(self, node: ast.expr) -> ast.expr:
        """Hooks for the variables that an expression reads."""
        return Uses(self).visit(node)  # type: ignore[no-any-return]


__all__ = ["ALTERNATIVE", "SEEN", "SWAP", "USE", "VALUE", "Instrumented", "Site", "Use", "instrument"]
