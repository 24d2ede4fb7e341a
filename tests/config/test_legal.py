"""Terms and privacy: a placeholder that says so, then what an operator wrote, escaped, version by version."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import LegalText, User
from config.guide import legal
from tests.billing.test_views import read
from tests.operator.test_roles import of_role

pytestmark = pytest.mark.django_db
ADD = "/admin/accounts/legaltext/add/"


def owner() -> Client:
    client = Client()
    client.force_login(of_role("O"))
    return client


def wrote(text: str, kind: str = "terms") -> LegalText:
    person = User.objects.create_user(f"{LegalText.objects.count()}@toll.example", None, is_staff=True)
    return LegalText.objects.create(kind=kind, text=text, written_by=person)


@pytest.mark.parametrize("kind", LegalText.Kind.values)
def test_until_somebody_writes_one_the_page_says_that_it_is_none(kind: str) -> None:
    text = read(Client().get(f"/{kind}"))
    assert "A placeholder. The operator of this site has not written this text yet." in text
    assert "This text is a placeholder." in text
    assert "In force since" not in text


def test_links_of_the_placeholders_lead_somewhere() -> None:
    for kind in legal.PLACEHOLDERS:
        page = Client().get(f"/{kind}").content.decode().partition("<article")[2].partition("</article>")[0]
        for target in page.split('href="')[1:]:
            assert Client().get(target.partition('"')[0]).status_code == 200


def test_an_owner_of_the_house_writes_the_next_version_and_it_counts_at_once() -> None:
    wrote("# Terms\n\nThe first.\n")
    client = owner()
    assert "The first." in client.get(f"{ADD}?kind=terms").content.decode()
    sent = client.post(ADD, {"kind": "terms", "text": "# Our terms\r\n\r\nThe second."})
    assert sent.status_code == 302
    text = read(Client().get("/terms"))
    assert "Our terms The second. In force since" in text
    assert "placeholder" not in text
    assert "placeholder" in read(Client().get("/privacy"))
    newest = LegalText.objects.order_by("-pk").first()
    assert newest is not None
    assert newest.written_by == User.objects.get(pk=client.session["_auth_user_id"])
    assert "The first." in client.get("/admin/accounts/legaltext/").content.decode()


@pytest.mark.parametrize("text", ["No title.", "#", "# \n\nx", ""])
def test_a_text_without_a_title_is_sent_back(text: str) -> None:
    answer = owner().post(ADD, {"kind": "terms", "text": text})
    assert answer.status_code == 200
    assert not LegalText.objects.exists()


def test_html_is_shown_as_it_is_written_and_no_link_runs_a_script() -> None:
    wrote(
        "# T\n\n<script>alert(1)</script> [x](javascript:alert(1)) [y](nowhere.md) [z](mailto:a@b.example)\n"
    )
    page = Client().get("/terms").content.decode().partition("<article")[2].partition("</article>")[0]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert 'href="javascript' not in page
    assert 'href="mailto:a@b.example"' in page


def test_a_text_that_was_read_is_changed_and_deleted_by_nobody() -> None:
    written = wrote("# T\n\nx\n")
    client = owner()
    assert client.post(f"/admin/accounts/legaltext/{written.pk}/delete/").status_code in (403, 404)
    client.post(f"/admin/accounts/legaltext/{written.pk}/change/", {"kind": "terms", "text": "# Other"})
    for statement in ("UPDATE accounts_legaltext SET text = '# y'", "DELETE FROM accounts_legaltext"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert LegalText.objects.get().text == "# T\n\nx\n"


def test_they_are_named_where_one_signs_up_and_below_every_public_page() -> None:
    for path in ("/accounts/signup/", "/accounts/login/", "/", "/docs/", "/status"):
        page = Client().get(path).content.decode()
        assert 'href="/terms"' in page, path
        assert 'href="/privacy"' in page, path
