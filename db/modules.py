"""The modules of a package, found in its folder: what is added there takes part, and no list has to name it."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def modules(package: ModuleType) -> list[ModuleType]:
    """The modules of a package, imported, in the order of their names."""
    return _imported(package, are_packages=False)


def packages(package: ModuleType) -> list[ModuleType]:
    """The packages in a package, imported, in the order of their names."""
    return _imported(package, are_packages=True)


def _imported(package: ModuleType, *, are_packages: bool) -> list[ModuleType]:
    names = [found.name for found in iter_modules(package.__path__) if found.ispkg is are_packages]
    return [import_module(f"{package.__name__}.{name}") for name in names]
