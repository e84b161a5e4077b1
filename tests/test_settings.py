"""Settings from a file and the environment, and everything that can be wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from router.settings import Listen, Settings, SettingsError, load_settings

SECRET = "s3cret-Pa55"
SMALLEST = f"""
[ari]
password = "{SECRET}"
[smtp]
host = "mail.example.com"
sender = "voicemail@example.com"
"""
Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a settings file."""

    def write(text: str, name: str = "callrouter.toml") -> Path:
        file = tmp_path / name
        file.write_text(text, "utf-8")
        return file

    return write


def faults_of(file: Path | None, environ: dict[str, str] | None = None, *, for_service: bool = True) -> list[str]:
    with pytest.raises(SettingsError) as met:
        load_settings(file, environ or {}, for_service=for_service)
    folder = f"{file.parent}/" if file else ""
    return [fault.replace(folder, "") for fault in met.value.faults]


def test_the_smallest_file_is_enough_for_the_service(written: Written) -> None:
    settings = load_settings(written(SMALLEST), {})

    assert settings.ari.password == SECRET
    assert settings.ari.url == "http://127.0.0.1:8088"
    assert (settings.smtp.host, settings.smtp.port, settings.smtp.security) == ("mail.example.com", 587, "starttls")
    assert settings.fastagi.listen == Listen("127.0.0.1", 4573)
    assert settings.http.listen == Listen("127.0.0.1", 8077)


def test_names_are_looked_up_where_the_settings_say(written: Written) -> None:
    asked = '[lookup]\nurl = "https://crm.example/name?of={number}&key=k"\ntoken = "t0p"\nlimit_s = 0.5\n'
    lookup = load_settings(written(SMALLEST + asked), {}).lookup

    assert (lookup.url, lookup.token, lookup.limit_s) == ("https://crm.example/name?of={number}&key=k", "t0p", 0.5)
    assert "crm.example" not in repr(lookup), "an address may hold a key"
    assert load_settings(written(SMALLEST), {}).lookup.url is None


WRONG_LOOKUPS = (
    *("https://crm.example/names", "https://{number}.example/", "ftp://crm.example/{number}", "crm/{number}"),
    *("https://crm.example/{number}/{number}", "https://crm.example/ {number}", "https:///{number}"),
)


@pytest.mark.parametrize("url", WRONG_LOOKUPS)
def test_an_address_without_a_place_for_the_number_is_refused(written: Written, url: str) -> None:
    (fault,) = faults_of(written(SMALLEST + f'[lookup]\nurl = "{url}"\n'))

    assert "lookup.url" in fault and "is no address with {number} in it" in fault
    assert url not in fault


def test_what_is_kept_lies_in_the_state_folder(written: Written) -> None:
    settings = load_settings(written('state_dir = "/srv/router"\n' + SMALLEST), {})

    assert settings.store.url == "sqlite:////srv/router/callrouter.db"
    assert settings.store.messages == Path("/srv/router/messages")
    assert settings.asterisk.sounds_dir == Path("/srv/router/sounds")
    assert settings.token_file == Path("/srv/router/token")


def test_paths_in_the_file_begin_where_the_file_is(written: Written) -> None:
    file = written('state_dir = "state"\n' + SMALLEST + '[asterisk]\nfallback_file = "etc/fallback.conf"\n')

    settings = load_settings(file, {})

    assert settings.state_dir == file.parent / "state"
    assert settings.asterisk.fallback_file == file.parent / "etc/fallback.conf"


def test_yaml_says_the_same_as_toml(written: Written) -> None:
    yaml = f"""
ari: {{password: "{SECRET}"}}
smtp: {{host: mail.example.com, sender: voicemail@example.com, timeout_s: 7.5}}
fastagi: {{listen: off}}
"""
    settings = load_settings(written(yaml, "callrouter.yaml"), {})

    assert settings.ari.password == SECRET
    assert settings.smtp.timeout_s == 7.5
    assert settings.fastagi.listen is None


def test_a_variable_wins_over_the_file(written: Written) -> None:
    environ = {"CALLROUTER_ARI_URL": "https://pbx:8089/", "CALLROUTER_CALLS_DRAIN_S": "3", "PATH": "/bin"}

    settings = load_settings(written(SMALLEST + "[calls]\ndrain_s = 9\n"), environ)

    assert settings.ari.url == "https://pbx:8089"
    assert settings.calls.drain_s == 3.0


def test_an_empty_variable_is_not_set(written: Written) -> None:
    assert load_settings(written(SMALLEST), {"CALLROUTER_ARI_PASSWORD": ""}).ari.password == SECRET


def test_variables_alone_are_enough() -> None:
    environ = {
        "CALLROUTER_ARI_PASSWORD": SECRET,
        "CALLROUTER_SMTP_HOST": "mail",
        "CALLROUTER_SMTP_SENDER": "Acme voicemail <voicemail@example.com>",
    }
    assert load_settings(None, environ).smtp.sender == "Acme voicemail <voicemail@example.com>"


def test_the_file_may_be_named_by_a_variable(written: Written) -> None:
    assert load_settings(None, {"CALLROUTER_SETTINGS": str(written(SMALLEST))}).ari.password == SECRET


def test_the_usual_file_of_the_working_folder_is_read(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(written(SMALLEST).parent)

    assert load_settings(None, {}).ari.password == SECRET


def test_a_secret_may_stand_in_its_own_file(written: Written) -> None:
    written(f"{SECRET}\n", "password")
    file = written(SMALLEST.replace(f'password = "{SECRET}"', 'password_file = "password"'))

    assert load_settings(file, {}).ari.password == SECRET


def test_a_secret_of_the_environment_replaces_the_files_in_either_form(written: Written) -> None:
    other = str(written("other\n", "password"))
    file = written(SMALLEST)

    assert load_settings(file, {"CALLROUTER_ARI_PASSWORD_FILE": other}).ari.password == "other"


def test_looking_at_records_needs_neither_pbx_nor_mail() -> None:
    settings = load_settings(None, {"CALLROUTER_STORE_URL": "postgresql://u:p@db/calls"}, for_service=False)

    assert settings.store.url == "postgresql://u:p@db/calls"


def test_looking_at_records_does_not_read_the_password_of_the_pbx() -> None:
    environ = {"CALLROUTER_ARI_PASSWORD_FILE": "/nowhere/for-root-alone"}

    assert load_settings(None, environ, for_service=False).ari.password == ""
    assert "cannot be read" in str(faults_of(None, environ))


def test_all_faults_are_told_at_once(written: Written) -> None:
    file = written(
        """
colour = "red"
[ari]
url = "ftp://pbx"
lane = "htp"
passwort = "x"
[smtp]
port = 70000
[htpp]
listen = "127.0.0.1:1"
"""
    )

    assert faults_of(file, {"CALLROUTER_ARI_UZER": "x"}) == [
        "callrouter.toml: colour: no such key;"
        " known: ari, asterisk, calls, fastagi, http, log, lookup, name, reload, smtp, state_dir, store",
        'callrouter.toml: ari.passwort: no such key; did you mean "password"?'
        " known: app, lane, password, password_file, request_limit_s, url, username",
        'callrouter.toml: htpp: no such section; did you mean "http"?'
        " known: ari, asterisk, calls, fastagi, http, log, lookup, smtp, store",
        'CALLROUTER_ARI_UZER: no such variable; did you mean "CALLROUTER_ARI_URL"?'
        " known: CALLROUTER_ARI_APP, CALLROUTER_ARI_LANE, CALLROUTER_ARI_PASSWORD, CALLROUTER_ARI_PASSWORD_FILE,"
        " CALLROUTER_ARI_REQUEST_LIMIT_S, CALLROUTER_ARI_URL, CALLROUTER_ARI_USERNAME,"
        " CALLROUTER_ASTERISK_FALLBACK_FILE, CALLROUTER_ASTERISK_SOUNDS_DIR, CALLROUTER_CALLS_DRAIN_S,"
        " CALLROUTER_CALLS_LEASE_MARGIN_S, CALLROUTER_FASTAGI_LISTEN and 24 more",
        'callrouter.toml: ari.url: "ftp://pbx" is no address of Asterisk\'s HTTP server;'
        " write it such as http://127.0.0.1:8088",
        "ari.password: is missing: that of this user in Asterisk's ari.conf;"
        " set it in the file or as CALLROUTER_ARI_PASSWORD",
        'callrouter.toml: ari.lane: "htp" is not known; did you mean "http"? known: http, websocket',
        "smtp.host: is missing: the mail server that takes voicemails;"
        " set it in the file or as CALLROUTER_SMTP_HOST",
        'callrouter.toml: smtp.port: "70000" is no number from 1 to 65535',
        "smtp.sender: is missing: the address voicemails come from;"
        " set it in the file or as CALLROUTER_SMTP_SENDER",
    ]


FAULTS = {
    # what is added to the smallest file -> the fault
    "a number for text": ('[log]\nformat = 7', "log.format: \"7\" is not known; known: auto, console, json"),
    "text for a number": ('[calls]\ndrain_s = "soon"', 'calls.drain_s: "soon" is no number from 0 to 86400'),
    "truth for a number": ("[calls]\ndrain_s = true", 'calls.drain_s: "True" is no number from 0 to 86400'),
    "not a number": ("[calls]\ndrain_s = nan", 'calls.drain_s: "nan" is no number from 0 to 86400'),
    "no port": (
        '[http]\nlisten = "127.0.0.1"',
        'http.listen: "127.0.0.1" is no address to listen at;'
        ' write host and port, such as "127.0.0.1:4573", or "off"',
    ),
    "a port too high": (
        '[http]\nlisten = "127.0.0.1:99999"',
        'http.listen: "127.0.0.1:99999" is no address to listen at;'
        ' write host and port, such as "127.0.0.1:4573", or "off"',
    ),
    "a list": ("[asterisk]\nsounds_dir = []", 'asterisk.sounds_dir: "[]" is not text in one line;'
        " numbers and words such as true need quotes"),
    "a section that is none": ("[asterisk.x]\ny = 1", "asterisk.x: no such key; known: fallback_file, sounds_dir"),
}  # fmt: skip


@pytest.mark.parametrize(("added", "fault"), FAULTS.values(), ids=FAULTS)
def test_each_fault_says_where_what_and_what_is_known(written: Written, added: str, fault: str) -> None:
    assert faults_of(written(SMALLEST + added)) == [f"callrouter.toml: {fault}"]


def test_a_section_written_as_a_value_is_a_fault(written: Written) -> None:
    assert faults_of(written('log = "json"\n' + SMALLEST)) == [
        "callrouter.toml: log: is a section; its keys stand below it"
    ]


def test_yaml_faults_have_line_and_column(written: Written) -> None:
    yaml = 'ari:\n  password: "x"\n  pasword: "y"\nsmtp: {host: mail, sender: a@b.example}\n'

    assert faults_of(written(yaml, "callrouter.yaml")) == [
        'callrouter.yaml:3:3: ari.pasword: no such key; did you mean "password"?'
        " known: app, lane, password, password_file, request_limit_s, url, username"
    ]


def test_an_unreadable_file_is_a_fault_beside_the_others(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "none.toml", {"CALLROUTER_ARI_LANE": "both"}) == [
        "none.toml: cannot be read: No such file or directory",
        'CALLROUTER_ARI_LANE: "both" is not known; known: http, websocket',
    ]


def test_what_stands_in_a_file_that_cannot_be_read_is_not_called_missing(written: Written) -> None:
    assert len(faults_of(written(SMALLEST + "["))) == 1


def test_toml_that_is_none_says_where(written: Written) -> None:
    [fault] = faults_of(written(f"[ari]\npassword = {SECRET}"), for_service=False)

    assert fault.startswith("callrouter.toml: is not TOML: ")
    assert "line 2" in fault


def test_a_login_needs_both_halves(written: Written) -> None:
    file = written(SMALLEST + 'username = "router"\n')

    assert faults_of(file) == ["smtp: username and password are given together or not at all"]


def test_a_secret_given_twice_is_a_fault(written: Written) -> None:
    file = written(SMALLEST.replace("[smtp]", 'password_file = "x"\n[smtp]'))

    assert faults_of(file) == [
        "callrouter.toml: ari.password_file: is given beside callrouter.toml: ari.password; keep one of them"
    ]


def test_a_secret_whose_file_is_missing_is_a_fault(written: Written) -> None:
    file = written(SMALLEST.replace(f'password = "{SECRET}"', 'password_file = "gone"'))

    assert faults_of(file) == ["callrouter.toml: ari.password_file: gone cannot be read: No such file or directory"]


def settings_with_secrets(written: Written) -> Settings:
    smtp = f'username = "u"\npassword = "{SECRET}"\n[store]\nurl = "postgresql://u:{SECRET}@db/calls"\n'
    return load_settings(written(SMALLEST + smtp), {})


def test_no_secret_is_in_a_repr(written: Written) -> None:
    settings = settings_with_secrets(written)

    assert settings.smtp.password == SECRET
    assert SECRET not in repr(settings)


LEAKS = {
    "not text": (f'[ari]\npassword = ["{SECRET}"]', "callrouter.toml"),
    "two lines": (f'[ari]\npassword = """a\n{SECRET}"""', "callrouter.toml"),
    "an alias of YAML": (f"ari: {{password: *{SECRET}}}", "callrouter.yaml"),
    "an anchor of YAML": (f"ari: {{password: &{SECRET} x}}", "callrouter.yaml"),
    "a tag of YAML": (f"ari:\n  password: !{SECRET} x", "callrouter.yaml"),
    "written twice": (f'ari: {{password: "{SECRET}", password: "{SECRET}x"}}', "callrouter.yaml"),
    "no quotes in TOML": (f"[ari]\npassword = {SECRET}", "callrouter.toml"),
    "a store that is none": (f'[store]\nurl = "mysql://u:{SECRET}@db"', "callrouter.toml"),
    "within the address": (f'[ari]\nurl = "http://u:{SECRET}@pbx"', "callrouter.toml"),
}


@pytest.mark.parametrize(("text", "name"), LEAKS.values(), ids=LEAKS)
def test_no_secret_is_in_a_fault(written: Written, text: str, name: str) -> None:
    faults = faults_of(written(text, name))

    assert faults
    assert SECRET not in "\n".join(faults)
