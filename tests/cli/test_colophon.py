"""`headwaters colophon`, `findings`, and what `publish` says of both."""

from __future__ import annotations

from pathlib import Path

from tests.cli.test_works import Shop, shop
from tests.support import samples

__all__ = ["shop"]  # a fixture


def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    (folder / "work.toml").write_text('title = "High Water"\nrights = "own"\nby = "Alice"\n')
    (folder / "River.jpg").write_bytes(samples.photo())
    (folder / "words.txt").write_text("The river.\n")
    return folder


HOME = "https://alice.example/w/high-water?from=copy&edition=1"


def test_a_file_says_what_it_says_before_and_after(shop: Shop, tmp_path: Path) -> None:
    folder = album(tmp_path)
    code, out, err = shop.run("colophon", folder)
    assert (code, err) == (0, "")
    assert f"  Where to pay (cc:morePermissions)\n    before: nothing\n    after:  {HOME}#pay\n" in out
    assert "words.txt\n  This format has no standard place for it." in out
    code, said = shop.json("colophon", folder)
    photo = next(file for file in said["files"] if file["name"] == "River.jpg")
    assert {"line": "page", "where": "xmpRights:WebStatement", "before": "", "after": HOME} in photo["colophon"]
    assert (code, photo["left_alone"], photo["removed"]) == (0, None, [])


def test_findings_are_said_and_nothing_is_done(shop: Shop, tmp_path: Path) -> None:
    folder = album(tmp_path)
    before = (folder / "River.jpg").read_bytes()
    code, out, _ = shop.run("findings", folder)
    assert code == 0
    assert "    Where it was made (Exif GPS): 53.55060, 9.99370\n" in out
    assert "SN 4711" in out
    assert "words.txt" not in out
    code, said = shop.json("findings", folder)
    (photo,) = [file for file in said["files"] if file["findings"]]
    assert {"kind": "person", "where": "Exif CameraOwnerName", "value": "Bob", "removable": True} in photo["findings"]
    assert shop.run("findings", folder / "words.txt")[1] == "Nothing was found.\n"
    assert (folder / "River.jpg").read_bytes() == before
    assert shop.json("works") == (0, {"works": []})


def test_publish_says_first_what_files_tell_and_leaves_it_out_when_told_to(shop: Shop, tmp_path: Path) -> None:
    folder = album(tmp_path)
    code, out, err = shop.run("publish", folder)
    assert (code, "High Water is published" in out) == (0, True)
    assert err.startswith("These files tell something that you perhaps do not mean to publish:\n  River.jpg\n")
    assert err.endswith("To leave it out of the shop's copies: --remove-private\n")
    code, out, err = shop.run("publish", folder, "--remove-private")
    assert (code, out.splitlines()[0]) == (0, f"High Water has a new edition, number 2: {HOME.partition('?')[0]}")
    assert "  River.jpg: 4 details were left out of the shop's copy\n" in out
    assert "--remove-private" not in err
    code, said = shop.json("publish", folder, "--no-colophon")
    assert (code, said["works"][0]["change"]) == (0, "nothing")  # what was left out of this very file stays out


def test_a_work_chooses(shop: Shop, tmp_path: Path) -> None:
    shop.run("publish", album(tmp_path))
    usual = {"slug": "high-water", "choice": "shop", "colophon": "on", "copies": []}
    assert shop.json("colophon", "high-water") == (0, usual)
    assert shop.json("colophon", "high-water", "--choose", "off") == (0, {**usual, "choice": "off", "colophon": "off"})
    assert "stay as they are." in shop.run("colophon", "high-water")[1]
    assert shop.json("colophon", "high-water", "--choose", "shop") == (0, usual)
    code, said = shop.json("colophon", "nothing")
    assert (code, said["error"]["code"]) == (1, "work_unknown")
    code, said = shop.json("colophon", tmp_path / "album", "--choose", "on")
    assert (code, said["error"]["code"]) == (2, "wrong_use")
