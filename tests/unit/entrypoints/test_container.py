"""What mypy cannot see in the container: that each factory gets the port it asks for."""

import inspect
from collections.abc import Iterator
from typing import get_args, get_origin, get_type_hints

import pytest
from dependency_injector import providers

from prism.entrypoints.container import Container
from prism.entrypoints.container import adapters as factories
from prism.entrypoints.settings import Settings

SETTINGS = Settings(data_dir="/nonexistent", database_url=None, host="here")
PROVIDERS_MAX = 30


def _wired() -> dict[str, providers.Provider[object]]:
    found = vars(Container(SETTINGS))
    return {name: each for name, each in found.items() if isinstance(each, providers.Provider)}


def _hints(function: object) -> dict[str, object]:
    namespace = dict(vars(factories))
    from prism.adapters.crypto.aes_gcm import AesGcmTokens
    from prism.adapters.git.urls import UrlPolicy
    from prism.adapters.processes.presence import WorkerFiles
    from prism.adapters.sql.engine import Database
    from prism.adapters.sql.moments import Moments

    for each in (AesGcmTokens, UrlPolicy, WorkerFiles, Database, Moments):
        namespace[each.__name__] = each
    return get_type_hints(function, globalns=namespace)  # type: ignore[arg-type]


def _product(provider: providers.Provider[object]) -> object:
    if isinstance(provider, providers.Object):
        return type(provider())
    answer = _hints(provider.provides)["return"]  # type: ignore[attr-defined]
    return get_args(answer)[0] if get_origin(answer) is Iterator else answer


@pytest.mark.parametrize("name", sorted(_wired()))
def test_each_factory_gets_what_its_parameters_ask_for(name: str) -> None:
    provider = _wired()[name]
    if isinstance(provider, providers.Object):
        assert provider() is SETTINGS
        return
    function = provider.provides  # type: ignore[attr-defined]
    wanted = _hints(function)
    parameters = list(inspect.signature(function).parameters)
    given = dict(zip(parameters, provider.args, strict=True))  # type: ignore[attr-defined]
    assert {n: _product(p) for n, p in given.items()} == {n: wanted[n] for n in parameters}


def test_the_container_stays_small() -> None:
    assert len(_wired()) <= PROVIDERS_MAX


def test_building_a_container_starts_nothing() -> None:
    container = Container(SETTINGS)
    container.close()
    assert not container.database.initialized
