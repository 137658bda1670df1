"""A key is made once: what was written with it can be read with no other."""

from __future__ import annotations

from comporta.cli.init import make


def test_where_data_was_written_a_lost_key_is_asked_for_and_no_new_one_made(tmp_path):
    make(tmp_path, "churn")
    key = tmp_path / "comporta.key"
    kept = key.read_text()
    assert dict(make(tmp_path, "churn"))["comporta.key"].startswith("already there")
    assert key.read_text() == kept
    key.unlink()
    (tmp_path / ".comporta").mkdir()
    assert "comporta key import" in dict(make(tmp_path, "churn"))["comporta.key"]
    assert not key.exists()
