"""Every mutation that changes something leaves an entry in the audit log, and no word that a person wrote is in it."""

from typing import Any

import pytest
from sqlalchemy import select

from db.engine import Database
from db.tables import AuditLog
from tests.conftest import Graph
from tests.graphql_schema.asking import done, with_ids
from tests.invariants.schema import object_type
from tests.world import World
from tests.world.accounts import PASSWORD, link_of

WORDS = "Words that Ada wrote"
WITHOUT_ENTRY = {
    "purgeCourse": "no course of the world is deleted: the tests of courses look at its entry",
    "replayPaymentEvents": "no event of the world is parked: the tests of payments look at its entry",
    "restoreCourse": "no course of the world is deleted: the tests of courses look at its entry",
    "requestEmailVerification": "everybody in the world has verified their address",
    "requestMissingEvents": "no organization of the world has a token: the tests of webhooks look at its entry",
    "requestPasswordReset": "it does the same for everybody, and the job that mails a link notes that",
    "requestSignInLink": "it does the same for everybody, and the job that mails a link notes that",
    "reactivateUser": "everybody in the world is active",
    "unlockUser": "nobody in the world is locked",
    "revokeOtherSessions": "nobody in the world has another session",
    "addWatchTime": "it comes once a minute from everybody who watches, and concerns nobody else",
    "openCourse": "what somebody looks at concerns nobody else",
    "archiveNotifications": "what somebody has put away concerns nobody else",
    "markDocumentSeen": "what somebody has seen concerns nobody else",
    "markNotificationsRead": "what somebody has read concerns nobody else",
    "signalTyping": "it changes nothing",
    "testNotificationRule": "it changes nothing",
    "beginPasskeyRegistration": "it changes nothing",
    "beginPasskeySignIn": "it changes nothing",
    "addPasskey": "it needs the answer of a device: the tests of passkeys look at its entry",
    "removePasskey": "it needs another way in: the tests of passkeys look at its entry",
    "signInWithPasskey": "it needs the answer of a device: the tests of passkeys look at its entry",
}
"""The mutations that write nothing to the audit log, with the reason."""

MUTATIONS: dict[str, tuple[str | None, Any]] = {
    "acceptInvitation": ("ines", {"invitationId": "@ines_invited"}),
    "addComment": ("ben", {"threadId": "@thread_0", "content": WORDS}),
    "addLessons": ("ines", {"moduleId": "@draft_1", "lessons": [{"title": WORDS, "content": WORDS}]}),
    "addMedia": ("ines", {"courseId": "@logic", "type": "VIDEO", "url": "https://example.com/1", "title": WORDS}),
    "addModules": ("ines", {"courseId": "@draft", "modules": [{"title": WORDS, "description": WORDS}]}),
    "addProjectMembers": ("ada", {"projectId": "@atlas", "members": [{"userId": "@rob"}]}),
    "changeProjectMember": ("ada", {"memberId": "@bens_place", "role": "LEAD"}),
    "changeProjectStatus": ("ada", {"projectId": "@atlas", "status": "COMPLETED"}),
    "changeEmail": ("ada", {"email": "lovelace@example.com", "currentPassword": PASSWORD}),
    "applySuggestion": ("ada", {"suggestionId": "@proposal", "expectedVersion": 2}),
    "changePassword": ("ada", {"currentPassword": PASSWORD, "newPassword": WORDS}),
    "cancelEnrollment": ("sam", {"enrollmentId": "@enrollment"}),
    "assignInstructor": ("root", {"courseId": "@logic", "instructorId": "@root"}),
    "attachMedia": ("ines", {"mediaId": "@slide", "lessonId": "@draft_1_1"}),
    "cancelJob": ("ben", {"jobId": "@export"}),
    "assessSkill": ("olga", {"moduleId": "@basics", "skill": WORDS, "level": 3}),
    "addReaction": ("ada", {"commentId": "@comment", "type": "HELPFUL"}),
    "changeOrganizationMember": ("ada", {"memberId": "@bens_membership", "role": "ADMIN"}),
    "dismissIdentitySuggestion": ("ada", {"suggestionId": "@bens_suggestion"}),
    "mergeIdentity": ("ada", {"memberId": "@bens_membership", "value": "ben@home.example"}),
    "refreshIdentitySuggestions": ("ada", {"organizationId": "@analytical"}),
    "updateRetention": ("ada", {"organizationId": "@analytical", "kind": "AUDIT", "days": 400}),
    "unmergeIdentity": ("ada", {"identityId": "@bens_old_address"}),
    "connectRepository": (
        "ada",
        {"organizationId": "@analytical", "fullName": "octo/mill", "description": WORDS, "defaultBranch": WORDS},
    ),
    "disconnectRepository": ("ada", {"repositoryId": "@engine", "fullName": "analytical/engine"}),
    "updateRepository": ("ada", {"repositoryId": "@engine", "description": WORDS, "sensitivity": "RESTRICTED"}),
    "completeLesson": ("sam", {"lessonId": "@logic_1_2"}),
    "completeModuleLesson": ("sam", {"moduleId": "@basics", "lessonId": "lesson-forms"}),
    "createApiKey": ("ben", {"name": WORDS, "scopes": ["specs:read"]}),
    "createNotificationRule": (
        "ben",
        {
            "organizationId": "@analytical",
            "name": WORDS,
            "trigger": "ISSUE_OPENED",
            "conditions": {"author": WORDS},
            "channels": ["IN_APP"],
        },
    ),
    "updateNotificationRule": ("ben", {"ruleId": "@bens_rule", "name": WORDS, "conditions": {"label": WORDS}}),
    "rotateNotificationSecret": ("ada", {"ruleId": "@adas_rule"}),
    "deleteNotificationRule": ("ben", {"ruleId": "@bens_rule"}),
    "resendDelivery": ("ben", {"deliveryId": "@bens_rule_delivery"}),
    "createCourse": ("ines", {"slug": "new", "title": WORDS, "description": WORDS, "difficulty": "EXPERT"}),
    "createLearningModule": (
        "ines",
        {
            "slug": "new",
            "title": WORDS,
            "description": WORDS,
            "difficulty": "EXPERT",
            "estimatedDuration": 5,
            "exercises": [{"title": WORDS, "prompt": WORDS, "kind": "CHOICE", "options": [WORDS], "answer": [WORDS]}],
            "prerequisiteIds": ["@basics"],
        },
    ),
    "createOrganization": ("sam", {"name": WORDS, "slug": "new", "description": WORDS}),
    "createProject": ("ada", {"name": WORDS, "description": WORDS}),
    "createQuiz": (
        "ines",
        {
            "courseId": "@logic",
            "title": WORDS,
            "questions": [{"type": "SHORT_ANSWER", "question": WORDS, "acceptedTexts": [WORDS], "explanation": WORDS}],
        },
    ),
    "deleteQuiz": ("ines", {"quizId": "@draft_quiz"}),
    "gradeAnswer": ("ines", {"answerId": "@essay", "points": 1, "feedback": WORDS}),
    "publishQuiz": ("ines", {"quizId": "@draft_quiz"}),
    "saveAnswer": (
        "sam",
        {"attemptId": "@open_attempt", "questionId": "@essay_question", "text": WORDS, "sequence": 2},
    ),
    "startQuizAttempt": ("olga", {"quizId": "@quiz"}),
    "submitQuizAttempt": ("sam", {"attemptId": "@open_attempt"}),
    "unpublishQuiz": ("ines", {"quizId": "@quiz"}),
    "updateQuiz": (
        "ines",
        {
            "quizId": "@quiz",
            "expectedVersion": 1,
            "title": WORDS,
            "questions": [{"type": "SHORT_ANSWER", "question": WORDS, "acceptedTexts": [WORDS], "explanation": WORDS}],
        },
    ),
    "declineInvitation": ("sam", {"invitationId": "@sam_invited"}),
    "deleteCourse": ("ines", {"courseId": "@logic"}),
    "deleteLesson": ("ines", {"lessonId": "@draft_1_1"}),
    "deleteModule": ("ines", {"moduleId": "@draft_1"}),
    "detachMedia": ("ines", {"mediaId": "@cover"}),
    "deleteComment": ("ada", {"commentId": "@comment"}),
    "deleteProject": ("olga", {"projectId": "@island", "name": "Island"}),
    "deleteThread": ("ada", {"threadId": "@thread_1"}),
    "deleteOrganization": ("ada", {"organizationId": "@analytical", "name": "Analytical"}),
    "editComment": ("ada", {"commentId": "@comment", "content": WORDS}),
    "editDocument": ("ada", {"documentId": "@design", "content": WORDS, "summary": WORDS, "expectedVersion": 2}),
    "enroll": ("olga", {"courseId": "@logic"}),
    "featureCourse": ("root", {"courseId": "@logic"}),
    "inviteToOrganization": ("ada", {"organizationId": "@analytical", "email": "words@example.com", "role": "OWNER"}),
    "inviteToProject": ("ada", {"projectId": "@atlas", "email": "words@example.com"}),
    "leaveOrganization": ("ben", {"memberId": "@bens_membership"}),
    "leaveProject": ("ben", {"memberId": "@bens_place"}),
    "moveLesson": ("ines", {"lessonId": "@logic_1_1", "moduleId": "@logic_2", "place": 1}),
    "openThread": ("ben", {"documentId": "@design", "content": WORDS, "position": {"line": 1}}),
    "publishCourse": ("ines", {"courseId": "@draft"}),
    "publishLearningModule": ("ines", {"moduleId": "@sketch"}),
    "refreshCourseAnalytics": ("ines", {"courseId": "@logic"}),
    "requestCodeReview": ("ben", {"pullRequestId": "@engine_pull"}),
    "requestDocumentReview": ("ben", {"documentId": "@design"}),
    "register": (None, {"email": "grace@example.com", "password": WORDS, "name": WORDS, "device": WORDS}),
    "resetPassword": ("sam", {"token": link_of("r"), "password": WORDS, "device": WORDS}),
    "removeReaction": ("ben", {"commentId": "@comment", "type": "LIKE"}),
    "removeOrganizationMember": ("ada", {"memberId": "@bens_membership"}),
    "removeProjectMember": ("ada", {"memberId": "@veras_place"}),
    "reopenThread": ("ben", {"threadId": "@settled"}),
    "reorderLessons": ("ines", {"moduleId": "@logic_1", "lessonIds": ["@logic_1_2"]}),
    "reorderModules": ("ines", {"courseId": "@logic", "moduleIds": ["@logic_2"]}),
    "resolveThread": ("ben", {"threadId": "@thread_0"}),
    "revokeCertificate": ("ines", {"certificateId": "@certificate"}),
    "reviewCourse": ("sam", {"courseId": "@logic", "rating": 5, "comment": WORDS}),
    "hideCourseReview": ("root", {"reviewId": "@praise"}),
    "deleteCourseReview": ("sam", {"reviewId": "@praise"}),
    "setRequiredCourses": ("ines", {"courseId": "@draft", "requiredIds": ["@logic"]}),
    "revokeInvitation": ("ada", {"invitationId": "@ines_invited"}),
    "revokeApiKey": ("ada", {"keyId": "@adas_key"}),
    "revokeSession": ("ben", {"sessionId": "@bens_session"}),
    "rotateApiKey": ("ada", {"keyId": "@adas_key"}),
    "rotateWebhookSecret": ("ada", {"organizationId": "@analytical"}),
    "replayWebhookEvents": ("ada", {"organizationId": "@analytical"}),
    "setGithubToken": ("ada", {"organizationId": "@analytical", "token": "WordsThatAdaWrote"}),
    "signIn": (None, {"email": "ada@example.com", "password": PASSWORD, "device": WORDS}),
    "signInWithLink": (None, {"token": link_of("l"), "device": WORDS}),
    "signOut": ("ben", {}),
    "skipModule": ("olga", {"moduleId": "@basics"}),
    "startModule": ("olga", {"moduleId": "@basics"}),
    "submitExercise": ("sam", {"moduleId": "@basics", "exerciseId": "exercise-text", "answer": [WORDS]}),
    "deactivateUser": ("root", {"userId": "@ben"}),
    "setUserRole": ("root", {"userId": "@ben", "role": "INSTRUCTOR"}),
    "unlinkAccount": ("ada", {"accountId": "@adas_account"}),
    "updateProfile": ("ben", {"name": WORDS, "bio": WORDS}),
    "submitDocument": ("ben", {"documentId": "@requirements"}),
    "approveDocument": ("olga", {"documentId": "@outline", "expectedVersion": 1}),
    "requestChanges": ("olga", {"documentId": "@needs"}),
    "transferProject": ("ada", {"memberId": "@bens_place"}),
    "transitionPhase": ("olga", {"projectId": "@island", "phase": "DESIGN", "expectedPhase": "REQUIREMENTS"}),
    "transferOrganization": ("ada", {"memberId": "@bens_membership"}),
    "unpublishCourse": ("ines", {"courseId": "@logic"}),
    "unpublishCourses": ("root", {"instructorId": "@ines"}),
    "updateCourse": ("ines", {"courseId": "@logic", "expectedVersion": 1, "title": WORDS, "topics": [WORDS]}),
    "updateLesson": ("ines", {"lessonId": "@logic_1_1", "expectedVersion": 1, "content": WORDS}),
    "updateModule": ("ines", {"moduleId": "@logic_1", "expectedVersion": 1, "description": WORDS}),
    "updateOrganization": ("ada", {"organizationId": "@analytical", "name": WORDS, "slug": "other"}),
    "verifyEmail": ("ada", {"token": link_of("v")}),
    "updateApiKey": ("ada", {"keyId": "@adas_key", "name": WORDS, "scopes": ["jobs:read"]}),
    "updateLearningModule": (
        "ines",
        {
            "moduleId": "@basics",
            "expectedVersion": 1,
            "title": WORDS,
            "exercises": [{"title": WORDS, "prompt": WORDS, "kind": "CHOICE", "options": [WORDS], "answer": [WORDS]}],
            "prerequisiteIds": [],
        },
    ),
    "updateProject": ("ada", {"projectId": "@atlas", "name": WORDS, "description": WORDS, "organizationId": None}),
}
"""A viewer and an input for every other mutation, with which it changes something."""


def test_every_mutation_is_audited_or_says_why_not() -> None:
    assert {*MUTATIONS, *WITHOUT_ENTRY} == set(object_type("Mutation").fields)
    assert not MUTATIONS.keys() & WITHOUT_ENTRY.keys()


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_a_mutation_notes_in_the_audit_log_what_it_has_changed(graph: Graph, world: World, mutation: str) -> None:
    who, given = MUTATIONS[mutation]
    before = await entries(graph.database)
    await done(graph, who, asked(mutation), **with_ids(world, given))
    found = (await entries(graph.database))[len(before) :]
    actors = {entry["actor_id"] for entry in found}
    assert actors == {world.rows[who or "ada"].id} or (mutation == "register" and len(actors) == 1 and all(actors))
    assert not any(words in str(found) for words in (WORDS, PASSWORD))


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
async def test_a_sign_in_that_fails_is_noted_whether_or_not_there_is_such_a_user(
    graph: Graph, world: World, email: str
) -> None:
    before = await entries(graph.database)
    await graph.data(None, asked("signIn"), input={"email": email, "password": WORDS})
    [found] = (await entries(graph.database))[len(before) :]
    known = world.ada.id if email.startswith("ada") else None
    assert (found["action"], found["actor_id"], found["resource_id"]) == ("sign_in_failed", None, known)
    assert not any(words in str(found) for words in (WORDS, email))


def asked(mutation: str) -> str:
    """The operation of a mutation that asks for its errors."""
    field = object_type("Mutation").fields[mutation]
    if not field.args:
        return f"mutation {{ {mutation} {{ errors {{ code path }} }} }}"
    given = field.args["input"].type
    return f"mutation ($input: {given}) {{ {mutation}(input: $input) {{ errors {{ code path }} }} }}"


async def entries(database: Database) -> list[dict[str, Any]]:
    """All entries of the audit log in their order."""
    async with database.read() as session:
        found = await session.execute(select(AuditLog.__table__).order_by(AuditLog.sequence))
        return [dict(entry) for entry in found.mappings()]
