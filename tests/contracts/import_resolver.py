"""Contract of ``ImportResolver``: total, in order, deterministic, inside the tree."""

from collections.abc import Mapping

import pytest
from tests.support.resolving import given

from prism.application.ports.source import ImportResolver
from prism.domain.facts.runs import Resolution


class ImportResolverContract:
    """Subclasses give a tree (path -> text) whose imports have every status."""

    @pytest.fixture
    def resolver(self) -> ImportResolver:
        raise NotImplementedError

    @pytest.fixture
    def tree(self) -> Mapping[str, str]:
        raise NotImplementedError

    def test_every_binding_gets_one_answer_in_order(
        self, resolver: ImportResolver, tree: Mapping[str, str]
    ) -> None:
        asked = given(resolver, tree)
        answers = resolver.resolve(asked)
        for file in asked.files:
            numbers = [answer.binding for answer in answers[file.path]]
            assert numbers == list(range(len(file.outline.bindings))), file.path

    def test_an_internal_answer_names_files_of_the_tree_and_others_none(
        self, resolver: ImportResolver, tree: Mapping[str, str]
    ) -> None:
        found = [a for row in resolver.resolve(given(resolver, tree)).values() for a in row]
        for answer in found:
            if answer.status == Resolution.INTERNAL:
                assert answer.target in tree
                assert answer.home in {*tree, ""}
            else:
                assert (answer.target, answer.home) == ("", "")
        assert {answer.status for answer in found} == set(Resolution)

    def test_what_is_not_resolved_says_why(
        self, resolver: ImportResolver, tree: Mapping[str, str]
    ) -> None:
        found = [a for row in resolver.resolve(given(resolver, tree)).values() for a in row]
        silent = [a for a in found if a.status == Resolution.UNRESOLVED and not a.reason]
        assert silent == []

    def test_the_order_of_the_files_does_not_matter(
        self, resolver: ImportResolver, tree: Mapping[str, str]
    ) -> None:
        backwards = dict(reversed(tree.items()))
        assert resolver.resolve(given(resolver, tree)) == resolver.resolve(
            given(resolver, backwards)
        )

    def test_every_file_of_the_family_has_a_module_name(
        self, resolver: ImportResolver, tree: Mapping[str, str]
    ) -> None:
        asked = given(resolver, tree)
        assert set(resolver.module_names(asked)) == {file.path for file in asked.files}
