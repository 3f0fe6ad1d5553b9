"""A small tree of JavaScript and TypeScript files as a dict, and what its imports resolve to."""

from collections.abc import Mapping
from functools import cache

from prism.adapters.languages.detection import detect
from prism.adapters.languages.ecmascript.resolver import EcmaScriptImportResolver
from prism.adapters.languages.engine import Engine
from prism.adapters.languages.registry import LANGUAGES, load_engine
from prism.application.ports.source import Outline, Resolved, ResolverFile, ResolverInput

engine = cache(load_engine)


def resolver_input(files: Mapping[str, str]) -> ResolverInput:
    """Path -> text as the resolve stage would hand it over."""
    resolver = EcmaScriptImportResolver()
    indexed = []
    for path, text in files.items():
        language = detect(path, b"")
        if language in resolver.languages and language in LANGUAGES:
            indexed.append(_file(path, language, text, engine(language)))
    return ResolverInput(
        paths=frozenset(files),
        files=indexed,
        manifests={path: text for path, text in files.items() if resolver.wants(path)},
    )


def _file(path: str, language: str, text: str, extractor: Engine) -> ResolverFile:
    facts = extractor.extract(text.encode())
    outline = Outline(
        language,
        facts.lines,
        facts.code_lines,
        facts.complexity,
        facts.docstring,
        len(facts.problems),
        facts.symbols,
        facts.bindings,
        facts.exports,
    )
    return ResolverFile(path=path, language=language, outline=outline)


def resolve(files: Mapping[str, str], path: str) -> list[Resolved]:
    """Answers for the imports of *path*, in order."""
    return list(EcmaScriptImportResolver().resolve(resolver_input(files))[path])


def target(specifier: str, files: Mapping[str, str], importer: str = "src/main.ts") -> str:
    """The file that ``import "<specifier>"`` in *importer* leads to, among *files*."""
    return answer(specifier, files, importer).target


def answer(specifier: str, files: Mapping[str, str], importer: str = "src/main.ts") -> Resolved:
    (found,) = resolve({**files, importer: f"import {specifier!r}"}, importer)
    return found


def files(*paths: str) -> dict[str, str]:
    """Empty files at *paths*."""
    return dict.fromkeys(paths, "")
