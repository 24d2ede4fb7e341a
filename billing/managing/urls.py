"""The map of the management API."""

from django.urls import path

from . import ai_usage, books, keys, members, paper_files, requests, team, usage, workspace

urlpatterns = [
    path("workspace", workspace.Whole.as_view()),
    path("balance", workspace.Balance.as_view()),
    path("limits", workspace.Limits.as_view()),
    path("keys", keys.Keys.as_view()),
    path("keys/<str:key_id>", keys.Key.as_view()),
    path("keys/<str:key_id>/rotate", keys.Rotation.as_view()),
    path("usage", usage.Usage.as_view()),
    path("ai/usage", ai_usage.Usage.as_view()),
    path("ai/usage/summary", ai_usage.Summary.as_view()),
    path("ai/credits", ai_usage.Credits.as_view()),
    path("requests", requests.Requests.as_view()),
    path("requests/<str:request_id>", requests.OneRequest.as_view()),
    path("ledger", books.Ledger.as_view()),
    path("papers", books.Papers.as_view()),
    path("papers/<str:paper_id>.pdf", paper_files.AsPdf.as_view()),
    path("papers/<str:paper_id>.html", paper_files.AsHtml.as_view()),
    path("papers/<str:paper_id>.csv", paper_files.AsCsv.as_view()),
    path("members", team.Members.as_view()),
    path("members/<str:member_id>", members.OneMember.as_view()),
    path("invitations", team.Invitations.as_view()),
    path("invitations/<str:invitation_id>", team.OneInvitation.as_view()),
]
