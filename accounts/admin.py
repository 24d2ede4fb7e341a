"""The operator's pages of customers, each in its file; and the record of operators' changes."""

from . import admin_joining as admin_joining  # these register their pages
from . import admin_keys as admin_keys
from . import admin_legal as admin_legal
from . import admin_notes as admin_notes
from . import admin_people as admin_people
from . import admin_roles as admin_roles
from . import admin_signins as admin_signins
from . import admin_tokens as admin_tokens
from . import admin_trail as admin_trail
from . import admin_upgrades as admin_upgrades
from . import admin_workspaces as admin_workspaces
