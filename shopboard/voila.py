"""The notebook as a page by Voilà, which runs every cell: what is only there to be read need not be made."""

import ast


class OnlyThePage(ast.NodeTransformer):
    """Leaves out what a cell would end in, unless it is displayed by name; for `ast_transformers` of IPython."""

    def visit_Module(self, cell: ast.Module) -> ast.Module:
        """Drop the last line of a cell if it is only there to be looked at."""
        last = ast.unparse(cell.body[-1]) if cell.body and isinstance(cell.body[-1], ast.Expr) else "display("
        return cell if last.startswith(("display(", "get_ipython(")) else ast.Module(cell.body[:-1], [])
