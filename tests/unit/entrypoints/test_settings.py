"""What Prism takes from its environment."""

from dataclasses import replace
from pathlib import Path

import pytest

from prism.domain.errors import InvalidInput
from prism.entrypoints.settings import Settings
from prism.entrypoints.worker import WorkerOptions, WorkerTimes

KEY = "ab" * 32


def test_the_key_is_taken_out_of_the_environment() -> None:
    env = {"CREDENTIAL_ENCRYPTION_KEY": KEY, "HOME": "/home/u"}
    settings = Settings.from_env(env)
    assert settings.encryption_key is not None
    assert settings.encryption_key.reveal() == KEY
    assert "CREDENTIAL_ENCRYPTION_KEY" not in env


def test_the_key_is_shown_nowhere() -> None:
    settings = Settings.from_env({"CREDENTIAL_ENCRYPTION_KEY": KEY, "HOME": "/home/u"})
    assert KEY not in repr(settings) + str(settings.encryption_key) + settings.as_json()


def test_a_job_gets_the_settings_without_the_key() -> None:
    settings = Settings.from_env(
        {"CREDENTIAL_ENCRYPTION_KEY": KEY, "HOME": "/home/u", "PRISM_ALLOW_HOSTS": "a.org, b.org",
         "GIT_SSL_CAINFO": "/ca.pem", "PRISM_DATABASE_URL": "postgresql://db/x"}
    )  # fmt: skip
    there = Settings.from_json(settings.as_json())
    assert there == replace(settings, encryption_key=None, process_environment=())
    assert there.allow_hosts == ("a.org", "b.org")


def test_the_key_can_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    settings = Settings.from_env({"CREDENTIAL_ENCRYPTION_KEY_FILE": str(file), "HOME": "/h"})
    assert settings.encryption_key is not None
    assert settings.encryption_key.reveal() == KEY


def test_the_credentials_directory_of_a_service_manager_is_looked_in(tmp_path: Path) -> None:
    (tmp_path / "credential_encryption_key").write_text(KEY)
    settings = Settings.from_env({"CREDENTIALS_DIRECTORY": str(tmp_path), "HOME": "/h"})
    assert settings.encryption_key is not None


def test_key_and_key_file_together_are_refused(tmp_path: Path) -> None:
    env = {"CREDENTIAL_ENCRYPTION_KEY": KEY, "CREDENTIAL_ENCRYPTION_KEY_FILE": "/x", "HOME": "/h"}
    with pytest.raises(InvalidInput, match="both"):
        Settings.from_env(env)


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    with pytest.raises(InvalidInput, match="none"):
        Settings.from_env({"CREDENTIAL_ENCRYPTION_KEY_FILE": missing, "HOME": "/h"})


@pytest.mark.parametrize(
    ("env", "directory"),
    [
        ({"PRISM_DATA_DIR": "/d", "XDG_DATA_HOME": "/x", "HOME": "/h"}, "/d"),
        ({"XDG_DATA_HOME": "/x", "HOME": "/h"}, "/x/prism"),
        ({"HOME": "/h"}, "/h/.local/share/prism"),
    ],
)
def test_data_goes_where_the_user_says(env: dict[str, str], directory: str) -> None:
    assert Settings.from_env(env).data_dir == directory


@pytest.mark.parametrize(
    ("name", "value"),
    [("PRISM_ALLOW_PRIVATE_NETWORKS", "maybe"), ("PRISM_HISTORY_LIMIT", "-1"),
     ("PRISM_PARSER_PROCESSES", "two"), ("PRISM_POOLER", "maybe"),
     ("PRISM_JOB_MEMORY_MIB", "1G")],
)  # fmt: skip
def test_a_value_that_means_nothing_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        Settings.from_env({name: value, "HOME": "/h"})


def test_git_gets_the_proxy_and_certificates_and_nothing_else() -> None:
    env = {"https_proxy": "http://proxy:3128", "AWS_SECRET_ACCESS_KEY": "x", "HOME": "/h"}
    assert Settings.from_env(env).git_environment == (("https_proxy", "http://proxy:3128"),)


def test_a_worker_asks_short_questions_and_its_jobs_may_ask_long_ones() -> None:
    settings = WorkerOptions(times=WorkerTimes(lease=8.0), concurrency=7, listen=False).adapt(
        Settings.from_env({"HOME": "/h", "PRISM_JOB_MEMORY_MIB": "512"})
    )
    assert (settings.answer_seconds, settings.pooler, settings.job_memory_mib) == (2.0, True, 512)
    assert settings.connections > 7
    job = Settings.from_json(settings.as_json())
    assert (job.answer_seconds, job.connections) == (300.0, 5)
    assert (job.pooler, job.job_memory_mib) == (True, 512)


def test_an_option_of_the_worker_counts_more_than_its_environment() -> None:
    env = {"HOME": "/h", "PRISM_JOB_MEMORY_MIB": "512", "PRISM_POOLER": "1"}
    settings = WorkerOptions(memory_mib=300).adapt(Settings.from_env(env))
    assert (settings.job_memory_mib, settings.pooler) == (300, True)
