"""A small tree of Python files as a dict, and what its imports resolve to."""

from collections.abc import Mapping

from prism.adapters.languages.inline import InlineParser
from prism.adapters.languages.python.resolver import PythonImportResolver
from prism.application.ports.source import Resolved, ResolverFile, ResolverInput, SourceBlob

_PARSER = InlineParser()


def resolver_input(files: Mapping[str, str]) -> ResolverInput:
    """Path -> text as the resolve stage would hand it over."""
    resolver = PythonImportResolver()
    python = [path for path in files if path.endswith((".py", ".pyi"))]
    blobs = (SourceBlob(at, "python", files[path].encode()) for at, path in enumerate(python))
    indexed = []
    for answer in _PARSER.parse(blobs):
        assert answer.outline is not None, answer.problem
        path = python[answer.key]
        indexed.append(ResolverFile(path=path, language="python", outline=answer.outline))
    return ResolverInput(
        paths=frozenset(files),
        files=indexed,
        manifests={path: text for path, text in files.items() if resolver.wants(path)},
    )


def resolve(files: Mapping[str, str], path: str) -> list[Resolved]:
    """Answers for the imports of *path*, in order."""
    return list(PythonImportResolver().resolve(resolver_input(files))[path])


def answer(statement: str, files: Mapping[str, str], importer: str = "app/main.py") -> Resolved:
    """What the one name that *statement* in *importer* binds stands for."""
    (found,) = resolve({**files, importer: statement}, importer)
    return found


def target(statement: str, files: Mapping[str, str], importer: str = "app/main.py") -> str:
    """The file that *statement* in *importer* leads to, among *files*."""
    return answer(statement, files, importer).target


def home(statement: str, files: Mapping[str, str], importer: str = "app/main.py") -> str:
    """'path:symbol' of what defines the name that *statement* binds."""
    found = answer(statement, files, importer)
    return f"{found.home}:{found.home_symbol}"


def names(files: Mapping[str, str]) -> dict[str, str]:
    """Path -> dotted module name."""
    return dict(PythonImportResolver().module_names(resolver_input(files)))
