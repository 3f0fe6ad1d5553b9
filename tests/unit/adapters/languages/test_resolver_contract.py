"""Both families of import resolvers hold one contract."""

from collections.abc import Mapping

import pytest
from tests.contracts.import_resolver import ImportResolverContract

from prism.adapters.languages.ecmascript.resolver import EcmaScriptImportResolver
from prism.adapters.languages.python.resolver import PythonImportResolver
from prism.application.ports.source import ImportResolver


class TestPythonImportResolver(ImportResolverContract):
    @pytest.fixture
    def resolver(self) -> ImportResolver:
        return PythonImportResolver()

    @pytest.fixture
    def tree(self) -> Mapping[str, str]:
        return {
            "pyproject.toml": "[project]\nname = 'shop'\ndependencies = ['requests']\n",
            "src/shop/__init__.py": "from .cart import Cart\n",
            "src/shop/cart.py": "import os\nimport requests\nfrom . import prices, missing\n",
            "src/shop/prices.py": "from shop import Cart\nfrom .gone import x\n",
        }


class TestEcmaScriptImportResolver(ImportResolverContract):
    @pytest.fixture
    def resolver(self) -> ImportResolver:
        return EcmaScriptImportResolver()

    @pytest.fixture
    def tree(self) -> Mapping[str, str]:
        return {
            "package.json": '{"name": "shop", "dependencies": {"react": "1"}}',
            "src/index.ts": 'export { Cart } from "./cart.js";\nimport fs from "node:fs";\n',
            "src/cart.ts": 'import React from "react";\nexport class Cart {}\n',
            "src/prices.js": 'const { Cart } = require("./index");\nimport "./gone";\n',
        }
