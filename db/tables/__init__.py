"""Every table and enumeration of Trellis, by the names that the graph uses: `tables.Comment`, `tables.CommentStatus`.

A module of this folder has its line here, so that whoever reads or types `tables.` knows what there is.
"""

from db.tables.accounts import *
from db.tables.audit import *
from db.tables.certificates import *
from db.tables.code_reviews import *
from db.tables.course_analytics import *
from db.tables.course_reviews import *
from db.tables.courses import *
from db.tables.courses_enums import *
from db.tables.identities import *
from db.tables.invitations import *
from db.tables.jobs import *
from db.tables.keys import *
from db.tables.learning import *
from db.tables.learning_shapes import *
from db.tables.media import *
from db.tables.metrics import *
from db.tables.notification_rules import *
from db.tables.notifications import *
from db.tables.organizations import *
from db.tables.payments import *
from db.tables.quizzes import *
from db.tables.repositories import *
from db.tables.repositories_enums import *
from db.tables.retention import *
from db.tables.reviews import *
from db.tables.specs import *
from db.tables.specs_enums import *
from db.tables.visits import *
from db.tables.webhooks import *
