"""The examples of the documentation do what they say."""

from examples.embed_in_a_service import main


def test_embedding_needs_no_container_and_gives_a_plan() -> None:
    plan = main()
    assert "shop/cart.py" in plan
    assert "shop/prices.py" in plan
