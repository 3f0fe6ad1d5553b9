"""What repositories say of their files themselves."""

from prism.domain.attributes import RULES_MAX, Attributes, Marks


def test_a_set_attribute_is_true_and_an_unset_one_false() -> None:
    marks = Attributes.of([(".gitattributes", "*.a linguist-generated\n*.b -linguist-vendored\n")])
    assert marks.marks("x.a") == Marks(generated=True)
    assert marks.marks("x.b") == Marks(vendored=False)


def test_values_are_read_like_switches() -> None:
    text = "*.a linguist-generated=false linguist-vendored=true\n"
    assert Attributes.of([(".gitattributes", text)]).marks("x.a") == Marks(False, True)


def test_the_later_line_wins() -> None:
    text = "*.py linguist-generated\nkeep.py -linguist-generated\n"
    marks = Attributes.of([(".gitattributes", text)])
    assert marks.marks("keep.py").generated is False
    assert marks.marks("other.py").generated is True


def test_the_deeper_file_wins() -> None:
    marks = Attributes.of(
        [
            ("web/.gitattributes", "*.js -linguist-vendored\n"),
            (".gitattributes", "*.js linguist-vendored\n"),
        ]
    )
    assert marks.marks("web/a.js").vendored is False
    assert marks.marks("lib/a.js").vendored is True


def test_an_unspecified_attribute_hides_an_earlier_line() -> None:
    text = "*.py linguist-generated\na.py !linguist-generated\n"
    assert Attributes.of([(".gitattributes", text)]).marks("a.py").generated is None


def test_comments_other_attributes_and_odd_lines_say_nothing() -> None:
    text = "# *.py linguist-generated\n*.py text eol=lf\nlonely\n\n[ linguist-generated\n"
    assert Attributes.of([(".gitattributes", text)]).marks("a.py") == Marks()


def test_the_number_of_rules_is_bounded() -> None:
    text = "".join(f"{number}.py linguist-generated\n" for number in range(RULES_MAX + 5))
    assert len(Attributes.of([(".gitattributes", text)]).rules) == RULES_MAX
