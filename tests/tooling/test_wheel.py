"""The project is one wheel with everything in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from headwaters import __version__
from tests.support.needs import ROOT
from tests.support.served import environment


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by the back end itself, from the lock: nothing is fetched."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        env=environment({}),
        capture_output=True,
        check=True,
    )
    (built,) = folder.iterdir()
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    package = ROOT / "src" / "headwaters"
    files = {f"headwaters/{path.relative_to(package)}" for path in package.rglob("*") if path.is_file()}
    held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == {name for name in files if "__pycache__" not in name}


def test_the_wheel_carries_its_licence_and_its_command(wheel: Path) -> None:
    archive = ZipFile(wheel)
    info = f"headwaters-{__version__}.dist-info"
    assert b"GNU AFFERO GENERAL PUBLIC LICENSE" in archive.read(f"{info}/licenses/LICENSE")
    assert b"headwaters = headwaters.cli:main" in archive.read(f"{info}/entry_points.txt")
    assert b"License-Expression: AGPL-3.0-or-later" in archive.read(f"{info}/METADATA")


def test_the_wheel_makes_a_shop_without_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """`init` runs the migrations that came with the package."""
    unpacked = tmp_path / "unpacked"
    ZipFile(wheel).extractall(unpacked)
    guarded = environment({})
    guarded["PYTHONPATH"] = f"{unpacked}:{guarded['PYTHONPATH']}"
    where = "import headwaters; print(headwaters.__file__)"
    for command in (["-c", where], ["-m", "headwaters", "init", str(tmp_path / "shop"), "--name", "Alice"]):
        done = subprocess.run(
            [sys.executable, *command], env=guarded, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert command[0] == "-m" or str(unpacked) in done.stdout
    assert (tmp_path / "shop" / "headwaters.db").is_file()
