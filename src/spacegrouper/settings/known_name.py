"""A key that names something of a registry, such as an engine."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from spacegrouper.contract.registry import Registry


@dataclass(frozen=True, eq=False)
class KnownName:
    """Annotates a text that must be a name of a registry: `Annotated[str, KnownName(ENGINES)]`."""

    registry: Registry[Any]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"enum": list(self.registry.names)}

    def _check(self, name: str) -> str:
        if name not in self.registry.names:
            raise ValueError(f"must be one of {', '.join(self.registry.names)}")
        return name
