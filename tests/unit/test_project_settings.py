import pytest

from comporta.errors import BadProject
from comporta.project import Settings
from comporta.project.settings import settings


def test_without_a_file_everything_lies_beside_the_project(tmp_path):
    assert settings(tmp_path, {}) == Settings()
    assert ".comporta/" in Settings().ledger


def test_the_file_says_where_and_the_environment_goes_before_it(tmp_path):
    (tmp_path / "comporta.toml").write_text('store = "s3://bucket"\nledger = "postgresql://one"\n')
    said = settings(tmp_path, {"COMPORTA_LEDGER": "postgresql://two", "COMPORTA_KEY": ""})
    assert (said.store, said.ledger, said.key) == ("s3://bucket", "postgresql://two", Settings().key)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stroe = "s3://bucket"', "found 'stroe', expected only ledger, store, key, executor"),
        ("store = 3", "store: found a number, expected text in quotes"),
        ("[store]\nurl = 'x'", "store: found"),
        ("store = ", "found no readable TOML"),
    ],
)
def test_a_wrong_file_is_one_clear_message(tmp_path, text, said):
    (tmp_path / "comporta.toml").write_text(text)
    with pytest.raises(BadProject, match=said):
        settings(tmp_path, {})
