"""Where the pages of a workspace's people are."""

from django.urls import path

from . import invitations, leaving, members, views, workspaces

urlpatterns = [
    path("dashboard/team", views.team, name="team"),
    path("dashboard/team/changes", views.changes, name="team_changes"),
    path("dashboard/team/invitations", invitations.invite, name="team_invite"),
    path("dashboard/team/invitations/<int:invitation>/again", invitations.again, name="team_invite_again"),
    path("dashboard/team/invitations/<int:invitation>/revoke", invitations.revoke, name="team_invite_revoke"),
    path("dashboard/team/members/<int:number>/role", members.role, name="team_role"),
    path("dashboard/team/members/<int:number>/remove", members.remove, name="team_remove"),
    path("dashboard/team/members/<int:number>/owner", members.owner, name="team_owner"),
    path("dashboard/team/leave", members.leave, name="team_leave"),
    path("dashboard/workspace", workspaces.settings, name="workspace"),
    path("dashboard/workspace/switch", workspaces.switch, name="workspace_switch"),
    path("dashboard/workspace/new", workspaces.new, name="workspace_new"),
    path("dashboard/workspace/delete", leaving.delete, name="workspace_delete"),
    path("dashboard/workspace/keep", leaving.keep, name="workspace_keep"),
    path("invitations/<str:said>", invitations.answer, name="invitation"),
]
