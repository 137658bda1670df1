"""TLS by two files: what does not fit is one clear error, and what replaces them is taken while it runs."""

import socket
import ssl
import threading

import pytest
from tests.unit.certificates import write_certificate

from comporta.errors import BadProject
from comporta.http.tls import TlsFiles, tls_files


def shown_by(context: ssl.SSLContext) -> bytes:
    """The certificate that a new connection is shown, DER."""
    ours, theirs = socket.socketpair()

    def answer() -> None:
        with context.wrap_socket(ours, server_side=True):
            pass

    thread = threading.Thread(target=answer)
    thread.start()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with client.wrap_socket(theirs) as link:
        found = link.getpeercert(binary_form=True)
    thread.join(5)
    assert found is not None
    return found


def der(path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def test_a_new_pair_is_taken_once_both_files_are_there_and_the_old_one_goes_on_meanwhile(tmp_path) -> None:
    said: list[str] = []
    certificate, key = write_certificate(tmp_path, "first")
    second, second_key = write_certificate(tmp_path, "second")
    before, after = der(certificate), der(second)
    files = TlsFiles(certificate, key, say=said.append)
    files.renew()
    assert shown_by(files.context) == before and said == []
    second.replace(certificate)
    files.renew()
    files.renew()
    assert shown_by(files.context) == before
    (line,) = said
    assert "does not fit the certificate" in line and "The certificate of before goes on." in line
    second_key.replace(key)
    files.renew()
    assert shown_by(files.context) == after
    assert said[1:] == [f"{certificate}: a new certificate answers."]
    key.unlink()
    files.renew()
    assert shown_by(files.context) == after and "cannot be read" in said[2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("another key", r"--tls-key .*b\.key: found a key that does not fit the certificate .*a\.pem"),
        ("no file", r"--tls-key .*none: cannot be read \(No such file"),
        ("no PEM", r"expected a certificate and its key as PEM"),
        ("locked", r"--tls-key .*c\.key: found a key under a password"),
        ("one alone", r"found --tls-cert without --tls-key, expected both or neither"),
    ],
)
def test_files_that_cannot_be_taken_are_one_clear_error(tmp_path, wrong, message) -> None:
    certificate, key = write_certificate(tmp_path, "a")
    if wrong == "another key":
        key = write_certificate(tmp_path, "b")[1]
    elif wrong == "no file":
        key = tmp_path / "none"
    elif wrong == "no PEM":
        certificate.write_text("rubbish")
    elif wrong == "locked":
        certificate, key = write_certificate(tmp_path, "c", password=b"secret")
    with pytest.raises(BadProject, match=message):
        tls_files(str(certificate), None if wrong == "one alone" else str(key))


def test_without_both_there_is_none() -> None:
    assert tls_files(None, None) is None
