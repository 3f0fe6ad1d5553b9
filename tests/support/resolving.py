"""What a resolver is given, from a tree of texts and the real extractors."""

from collections.abc import Mapping

from prism.adapters.languages.inline import InlineParser
from prism.application.ports.source import (
    ImportResolver,
    ResolverFile,
    ResolverInput,
    SourceBlob,
)


def given(resolver: ImportResolver, tree: Mapping[str, str]) -> ResolverInput:
    """Every file of the resolver's family parsed, and the manifests that it wants."""
    parser = InlineParser()
    files = []
    for path, text in tree.items():
        language = parser.detect(path, text.encode()[:200])
        if language in resolver.languages:
            (answer,) = parser.parse([SourceBlob(0, language, text.encode())])
            assert answer.outline is not None
            files.append(ResolverFile(path=path, language=language, outline=answer.outline))
    return ResolverInput(
        paths=frozenset(tree),
        files=files,
        manifests={path: text for path, text in tree.items() if resolver.wants(path)},
    )
