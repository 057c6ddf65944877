"""The configuration: file, environment over it, command line over both; mistakes are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from headwaters.config import S3, Config, Smtp, load_config, note_address
from headwaters.core.errors import Code, Refused, WrongUse


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.key").write_bytes(bytes(32))
    return tmp_path


def test_a_folder_without_a_key_is_no_shop(tmp_path: Path):
    with pytest.raises(WrongUse) as wrong:
        load_config(tmp_path, {})
    assert wrong.value.code is Code.SHOP_MISSING


def test_everything_has_a_default(shop: Path):
    assert load_config(shop, {}) == Config(shop=shop, url="http://localhost:8000")
    assert load_config(shop, {}).database_url == f"sqlite:///{shop}/headwaters.db"
    assert load_config(shop, {}).files_dir == shop / "files"


@pytest.mark.parametrize(
    ("written", "folder"),
    [("", "{shop}/files"), ("stock", "{shop}/stock"), ("../disk", "{shop}/../disk"), ("/d", "/d")],
)
def test_files_are_found_from_whichever_folder_a_command_is_run(
    shop: Path, written: str, folder: str, monkeypatch: pytest.MonkeyPatch
):
    (shop / "headwaters.toml").write_text(f'files = "{written}"\n', encoding="utf-8")
    monkeypatch.chdir("/")
    assert str(load_config(shop, {}).files_dir) == folder.format(shop=shop)


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(shop: Path):
    (shop / "headwaters.toml").write_text('url = "https://a.example"\nport = 1\nhost = "::1"\n', encoding="utf-8")
    config = load_config(shop, {"HEADWATERS_PORT": "2", "HEADWATERS_HOST": "localhost"}, port=3, host=None)
    assert (config.url, config.port, config.host) == ("https://a.example", 3, "localhost")


def test_the_address_follows_host_and_port(shop: Path):
    assert load_config(shop, {}, port=8765).url == "http://localhost:8765"
    assert load_config(shop, {}, host="::1").url == "http://[::1]:8000"
    assert load_config(shop, {}, host="127.0.0.1").url == "http://127.0.0.1:8000"
    assert load_config(shop, {"HEADWATERS_HOST": "192.168.1.7"}).url == "http://192.168.1.7:8000"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://Shop.Example/", "https://shop.example"),
        ("https://müsli.example:8443", "https://xn--msli-0ra.example:8443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://192.168.1.7", "http://192.168.1.7"),
        ("http://my_machine:1", "http://my_machine:1"),
    ],
)
def test_the_address_is_kept_as_machines_write_it(shop: Path, written: str, kept: str):
    assert load_config(shop, {"HEADWATERS_URL": written, "HEADWATERS_PROXIES": "10.0.0.1, 10.0.0.0/8,::1"}).url == kept


@pytest.mark.parametrize("name", ["what?", "100%25", "a#b", " é ", "a:b@c"])
def test_the_database_is_in_the_shops_folder_whatever_that_is_called(tmp_path: Path, name: str):
    shop = tmp_path / name
    assert make_url(Config(shop=shop).database_url).database == str(shop / "headwaters.db")


def test_the_databases_password_is_not_shown(shop: Path):
    assert "secret" not in repr(load_config(shop, {"HEADWATERS_DATABASE": "postgresql://u:secret@h/d"}))


def test_commands_speak_of_the_address_where_the_shop_was_opened_last(shop: Path):
    note_address(load_config(shop, {}, port=8765))
    assert (load_config(shop, {}).url, load_config(shop, {}).port) == ("http://localhost:8765", 8000)
    assert load_config(shop, {}, host=None, port=None).url == "http://localhost:8000"  # who listens says where
    assert load_config(shop, {"HEADWATERS_URL": "https://a.example"}).url == "https://a.example"
    (shop / "address").write_text("no address", encoding="utf-8")
    assert load_config(shop, {}).url == "http://localhost:8000"


def test_mail_is_off_without_a_host_and_hides_its_password(shop: Path):
    assert load_config(shop, {"HEADWATERS_SMTP_PASSWORD": "x"}).smtp is None
    environ = {"HEADWATERS_SMTP_HOST": "mail.example", "HEADWATERS_SMTP_SENDER": "a@b.example"}
    smtp = load_config(shop, environ | {"HEADWATERS_SMTP_PASSWORD": "very secret"}).smtp
    assert smtp == Smtp(host="mail.example", sender="a@b.example", password="very secret")
    assert "very secret" not in repr(smtp)


def test_a_store_is_read_and_hides_its_secret(shop: Path):
    assert load_config(shop, {}).s3 is None
    (shop / "headwaters.toml").write_text(
        "storage = 's3'\n[s3]\nbucket = 'films'\nkey_id = 'alice'\nendpoint = 'https://s3.example/'\n", encoding="utf-8"
    )
    config = load_config(shop, {"HEADWATERS_S3_SECRET": "very secret", "HEADWATERS_S3_REGION": "eu-west-3"})
    assert config.storage == "s3"
    assert config.s3 == S3("films", "alice", "very secret", endpoint="https://s3.example", region="eu-west-3")
    assert config.s3.downloads == "proxy"
    assert "very secret" not in repr(config)


def test_postgresql_is_spoken_to_by_psycopg(shop: Path):
    config = load_config(shop, {"HEADWATERS_DATABASE": "postgresql://u:p@h/d"})
    assert config.database_url == "postgresql+psycopg://u:p@h/d"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("url = 'shop.example'", "url"),
        ("url = 'https://shop.example/path'", "url"),
        ("url = 'https://user@shop.example'", "url"),
        ("url = 'https://[::1'", "url"),
        ("url = 'https://shop.example:many'", "url"),
        ("url = 'https://shop\".example'", "url"),
        ("url = 'https://shop example'", "url"),
        ("url = 'https://@shop.example'", "url"),
        ("url = 'https://..'", "url"),
        ("port = 'many'", "port"),
        ("port = 70000", "port"),
        ("prot = 8000", "prot"),
        ("proxies = 5", "proxies"),
        ("proxies = ['proxy.example']", "proxies"),
        ("proxies = ['10.0.0.0/33']", "proxies"),
        ("[smtp]\nhost = 'h'", "smtp_sender"),
        ("storage = 'moon'", "storage"),
        ("storage = 's3'", "storage"),
        ("[s3]\nbucket = 'b'\nsecret = 's'", "s3_key_id"),
        ("[s3]\nbucket = 'b'\nkey_id = 'k'", "s3_secret"),
        ("[s3]\nbucket = 'b'\nkey_id = 'k'\nsecret = 's'\ndownloads = 'mail'", "s3_downloads"),
        ("[s3]\nbucket = 'b'\nkey_id = 'k'\nsecret = 's'\naddressing = 'street'", "s3_addressing"),
        ("[s3]\nbucket = 'b'\nkey_id = 'k'\nsecret = 's'\nendpoint = 's3.example'", "s3_endpoint"),
        ("[s3]\nbuket = 'b'", "s3.buket"),
        ("[smtp]\nhost = 'h'\nsender = 'a@b.example'\nsecurity = 'maybe'", "smtp_security"),
        ("not toml", ""),
    ],
)
def test_a_mistake_is_named(shop: Path, text: str, field: str):
    (shop / "headwaters.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        load_config(shop, {})
    assert (refused.value.code, refused.value.field) == (Code.CONFIG_BROKEN, field)


def test_folders_to_pick_from_and_the_largest_upload_are_read(shop: Path):
    (shop / "headwaters.toml").write_text('uploads_from = ["/srv/films"]\nlargest_upload = 5\n', encoding="utf-8")
    config = load_config(shop, {})
    assert (config.uploads_from, config.largest_bytes) == (("/srv/films",), 5_000_000_000)
    config = load_config(shop, {"HEADWATERS_UPLOADS_FROM": "/a:/b", "HEADWATERS_LARGEST_UPLOAD": "1"})
    assert (config.uploads_from, config.largest_upload) == (("/a", "/b"), 1)


@pytest.mark.parametrize(
    "environ",
    [
        {"HEADWATERS_UPLOADS_FROM": "films"},
        {"HEADWATERS_UPLOADS_FROM": "/srv:../films"},
        {"HEADWATERS_LARGEST_UPLOAD": "0"},
        {"HEADWATERS_LARGEST_UPLOAD": "200 GB"},
    ],
)
def test_a_folder_or_a_size_that_is_none_is_refused(shop: Path, environ: dict[str, str]):
    with pytest.raises(Refused) as refused:
        load_config(shop, environ)
    assert refused.value.code is Code.CONFIG_BROKEN


def test_a_proxy_is_handed_files_only_where_it_is_one_of_ours(shop: Path):
    (shop / "headwaters.toml").write_text('proxies = ["127.0.0.1"]\naccel = "/-files/"\n', encoding="utf-8")
    assert load_config(shop, {}).accel == "/-files/"
    for name, over in (("no proxies", {"HEADWATERS_PROXIES": ""}), ("no path", {"HEADWATERS_ACCEL": "files"})):
        with pytest.raises(Refused) as wrong:
            load_config(shop, over)
        assert (wrong.value.code, wrong.value.field) == (Code.CONFIG_BROKEN, "accel"), name
    for odd in ("/", "//", "/a", "a/", "/a b/", "/a\r\nX: y/", "/ä/", "/../"):
        with pytest.raises(Refused):
            load_config(shop, {"HEADWATERS_ACCEL": odd})


def test_a_certificate_and_its_key_go_together_and_the_address_says_so(shop: Path):
    with pytest.raises(Refused) as wrong:
        load_config(shop, {"HEADWATERS_TLS_KEY": "key.pem"})
    assert wrong.value.field == "tls_certificate"
    both = {"HEADWATERS_TLS_CERTIFICATE": "/etc/chain.pem", "HEADWATERS_TLS_KEY": "key.pem"}
    config = load_config(shop, both, port=8443)
    assert (config.tls_certificate, config.tls_key) == (Path("/etc/chain.pem"), shop / "key.pem")
    assert config.url == "https://localhost:8443"
    assert config.secure
