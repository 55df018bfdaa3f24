"""Courses with modules and lessons; enrollments and progress."""

from typing import Any

from sqlalchemy import and_, func, not_, or_, select

from db import tables
from db.access import viewer_id
from db.actions import catalogue
from db.permissions import LEARN
from db.tables import EnrollmentStatus
from graphql_schema.core import aggregate, column, many, many_to_many, node, one, sql
from graphql_schema.course_analytics.types import CourseStatistics, LessonStatistics

modules = tables.CourseModule.__table__
lessons = tables.Lesson.__table__
progress = tables.CourseProgress.__table__
enrollments = tables.Enrollment.__table__
lesson_progress = tables.LessonProgress.__table__


@node(
    tables.Course,
    orders=(
        "-created_at",
        "title",
        "price",
        "duration_hours",
        "lesson_count",
        "average_rating",
        "review_count",
        "enrollment_count",
    ),
    filters=(
        *("search", "difficulty", "featured", "published", "price", "language", "instructor_id", "deleted"),
        *("average_rating", "topics"),
    ),
)
class Course:
    """A course. Everybody sees published ones; a draft, or one that is deleted, is seen by its instructor alone."""

    slug = column("The name in addresses; unique.")
    title = column("The title to show.")
    description = column("What it teaches, in Markdown.")
    price = column("What it costs; `0.00` is free.")
    currency = column("The ISO 4217 code of the price's currency.")
    duration_hours = column("How many hours it takes.")
    difficulty = column("How much it asks of its students.")
    language = column("The language it is taught in, as an IETF tag.")
    published = column("Whether the catalogue has it.")
    featured = column("Whether the front page shows it.")
    learning_objectives = column("What students can do afterwards.")
    prerequisites = column("What students should know before.")
    topics = column("What it is about, as short tags.")
    license = column("The licence of its material.")
    attribution = column("Whom to name as the source of its material.")
    thumbnail_url = column("A picture for the catalogue.")
    video_url = column("A film that introduces it.")
    access_days = column("For how many days an enrollment opens it; null for ever.")
    certificate_days = column("For how many days its certificates hold; null for ever.")
    requires_quizzes = column("Whether it is completed only by who has passed its quizzes.")
    version = column("Grows with each `updateCourse`, which asks for it.")
    published_at = column("When it was published; null if it is a draft.")
    deleted_at = column("When it was deleted; null if it was not. Only its instructor sees one that was.")
    deleted = column("Whether it is deleted: then only `restoreCourse` changes it, and `purgeCourse`.")
    created_at = column("When it was made.")
    updated_at = column("When it was last changed.")
    lesson_count = sql(
        int,
        "How many lessons all of its modules have.",
        lambda course: (
            select(func.count())
            .select_from(lessons.join(modules))
            .where(modules.c.course_id == course.id)
            .scalar_subquery()
        ),
    )
    module_count = sql(int, "How many chapters it has.", catalogue.module_count)
    quiz_count = sql(int, "How many quizzes it has that are published.", catalogue.quiz_count)
    enrollment_count = sql(
        int, "How many people take it or have completed it, whoever asks.", catalogue.enrollment_count
    )
    review_count = sql(int, "How many students have rated it.", catalogue.review_count)
    average_rating = sql(
        float | None, "The average of its ratings, from 1 to 5; null if there is none.", catalogue.average_rating
    )

    instructor = one(tables.Course.instructor_id, "Who teaches it.")
    required_courses = many_to_many(
        tables.CoursePrerequisite.course_id,
        tables.CoursePrerequisite.required_id,
        "The courses that are to be taken before, as far as you see them. This is advice: you can enroll all the same.",
    )
    missing_prerequisites = many_to_many(
        tables.CoursePrerequisite.course_id,
        tables.CoursePrerequisite.required_id,
        "Those of the required courses that you have not completed.",
        where=catalogue.is_missing,
    )
    recommended_next = many(
        tables.Course,
        "The published courses to take after it that you do not take yet: those that require it, and those of the next "
        "difficulty with a topic in common.",
        on=catalogue.follows,
    )
    reviews = many(tables.CourseReview.course_id, "What its students say of it.")
    quizzes = many(tables.Quiz.course_id, "Its quizzes.")
    media = many(tables.Media.course_id, "Its pictures, films and documents.")
    certificates = many(
        tables.Certificate.course_id, "Its certificates, as far as you see these: your own, or all if you teach it."
    )
    transactions = many(
        tables.Transaction.course_id, "The payments for it, as far as you see these: your own, or all if you teach it."
    )
    analytics = one(
        tables.CourseAnalytics,
        "It in numbers, as they were counted last; null for who does not teach it, and until it is counted.",
        on=lambda course, analytics: analytics.course_id == course.id,
    )
    modules = many(tables.CourseModule.course_id, "Its chapters, in their order.")
    enrollments = many(
        tables.Enrollment.course_id, "Who takes it, as far as you see these: your own place, or all if you teach it."
    )
    statistics = aggregate(
        tables.CourseProgress.course_id,
        CourseStatistics,
        "How far its students are, as far as you see them: you alone, or all if you teach it.",
    )
    lesson_statistics = aggregate(
        (tables.LessonProgress.progress_id, tables.CourseProgress.course_id),
        LessonStatistics,
        "How far they are in each of its lessons, as far as you see them; what most have begun first, and nothing of "
        "lessons that nobody has begun.",
    )
    students = many_to_many(
        tables.Enrollment.course_id,
        tables.Enrollment.user_id,
        "The people who take it or have completed it, as far as you see their enrollments.",
        where=lambda enrollment: or_(
            enrollment.status == EnrollmentStatus.ACTIVE, enrollment.status == EnrollmentStatus.COMPLETED
        ),
    )
    viewer_enrollment = one(
        tables.Enrollment,
        "Your own place in it, the newest if you came back; null if you were never enrolled.",
        on=lambda course, enrollment: enrollment.id == _newest_of_viewer(course),
    )
    viewer_progress = one(
        tables.CourseProgress,
        "How far you are in it, all your enrollments together; null if you were never enrolled.",
        on=lambda course, progress: and_(progress.course_id == course.id, progress.user_id == viewer_id()),
    )


def _of_viewer(lesson: Any) -> Any:
    """The id of the viewer's progress in the course that a lesson belongs to now."""
    found = select(progress.c.id).join(modules, modules.c.course_id == progress.c.course_id)
    found = found.where(progress.c.user_id == viewer_id(), modules.c.id == lesson.module_id)
    return found.correlate_except(progress, modules).scalar_subquery()


def _is_missing(progress: Any, lesson: Any) -> Any:
    """Whether a lesson is one of the course of a progress that this does not count."""
    done = lesson_progress.alias()
    of_course = select(modules.c.id).where(modules.c.course_id == progress.course_id).correlate_except(modules)
    theirs = done.c.progress_id == progress.id, done.c.lesson_id == lesson.id, done.c.completed
    finished = select(done.c.id).where(*theirs).correlate_except(done)
    return and_(lesson.module_id.in_(of_course), not_(finished.exists()))


def _newest_of_viewer(course: Any) -> Any:
    """The id of the viewer's newest enrollment in a course."""
    mine = enrollments.alias()
    found = select(mine.c.id).where(mine.c.user_id == viewer_id(), mine.c.course_id == course.id)
    return found.order_by(mine.c.enrolled_at.desc(), mine.c.id.desc()).limit(1).correlate_except(mine).scalar_subquery()


def _newest_status(progress: Any) -> Any:
    """The status of the newest enrollment of the person in the course that a progress is of."""
    theirs = enrollments.alias()
    found = select(theirs.c.status).where(
        theirs.c.user_id == progress.user_id, theirs.c.course_id == progress.course_id
    )
    newest = found.order_by(theirs.c.enrolled_at.desc(), theirs.c.id.desc()).limit(1)
    return newest.correlate_except(theirs).scalar_subquery()


@node(tables.CourseModule, orders=("order",))
class CourseModule:
    """A chapter of a course."""

    title = column("The title to show.")
    description = column("What it is about.")
    order = column("Its place in the course, from 1.")
    duration = column("How many minutes it takes, as its author says.")
    video_url = column("A film that introduces it; null until you are enrolled in a course that costs.", needs=LEARN)
    content = column("An introduction, in Markdown; null until you are enrolled in a course that costs.", needs=LEARN)
    course = one(tables.CourseModule.course_id, "The course.")
    version = column("Grows with each `updateModule`, which asks for it.")
    lessons = many(tables.Lesson.module_id, "Its lessons, in their order.")
    quizzes = many(tables.Quiz.module_id, "Its quizzes.")


@node(tables.Lesson, orders=("order",))
class Lesson:
    """One lesson."""

    title = column("The title to show.")
    content = column("The lesson, in Markdown; null until you are enrolled in a course that costs.", needs=LEARN)
    video_url = column("The lesson as a film; null until you are enrolled in a course that costs.", needs=LEARN)
    order = column("Its place in the module, from 1.")
    duration = column("How many minutes it takes.")
    version = column("Grows with each `updateLesson`, which asks for it.")
    module = one(tables.Lesson.module_id, "The module that it belongs to.")
    quizzes = many(tables.Quiz.lesson_id, "Its quizzes.")
    media = many(
        tables.Media.lesson_id,
        "Its pictures, films and documents; empty until you are enrolled in a course that costs.",
    )
    viewer_progress = one(
        tables.LessonProgress,
        "Whether you have finished it; null when you have not begun.",
        on=lambda lesson, done: and_(done.lesson_id == lesson.id, done.progress_id == _of_viewer(lesson)),
    )


@node(
    tables.Enrollment,
    orders=("-enrolled_at", "completed_at", "expires_at"),
    filters=("status", "enrolled_at", "completed_at", "expires_at"),
)
class Enrollment:
    """A person's place in a course. A student who comes back after it has ended has another."""

    status = column("Whether they are taking it, have completed it, or have left.")
    enrolled_at = column("Since when.")
    completed_at = column("When they completed the course.")
    expires_at = column("Until when it opens the course, whatever its status says; null for ever.")
    payment_status = column("Whether it is paid: only then it opens the course.")
    payment_amount = column("What was paid or is to be paid.")
    payment_currency = column("The ISO 4217 code of the amount's currency.")
    user = one(tables.Enrollment.user_id, "The student.")
    transactions = many(tables.Transaction.enrollment_id, "The payments for it.")
    certificates = many(tables.Certificate.enrollment_id, "The certificates that it was completed with.")
    course = one(tables.Enrollment.course_id, "The course.")
    progress = one(
        tables.CourseProgress,
        "How far they are.",
        on=lambda enrollment, progress: and_(
            progress.course_id == enrollment.course_id, progress.user_id == enrollment.user_id
        ),
    )


@node(
    tables.CourseProgress,
    orders=("-last_accessed_at", "progress_percent", "completed_at"),
    filters=("progress_percent", "last_accessed_at", "course_id", "enrollment_status"),
)
class CourseProgress:
    """How far a person is in a course."""

    completed_lessons = column("How many lessons they have finished.")
    total_lessons = column("How many lessons the course has.")
    progress_percent = column(
        "How much of the course is done: 0 to 100, rounded down. What is completed stays so if lessons are added, and "
        "this says how much of all there are by now."
    )
    started_at = column("When they began.")
    last_accessed_at = column("When they were last at it.")
    completed_at = column("When they finished the last lesson.")
    enrollment_status = sql(
        EnrollmentStatus | None, "The state of their newest enrollment in the course.", _newest_status
    )
    user = one(tables.CourseProgress.user_id, "The student.")
    course = one(tables.CourseProgress.course_id, "The course.")
    lessons = many(tables.LessonProgress.progress_id, "The lessons that they have begun.")
    missing_lessons = many(
        tables.Lesson,
        "The lessons of the course that they have not finished: why the percentage is not higher.",
        on=_is_missing,
    )


@node(tables.LessonProgress, orders=("-last_watched_at", "completed_at"), filters=("completed",))
class LessonProgress:
    """How far a person is in a lesson."""

    completed = column("Whether they have finished it.")
    completed_at = column("When they finished it.")
    watch_time_seconds = column("How long they watched it, in seconds.")
    last_watched_at = column("When they were last at it.")
    lesson = one(tables.LessonProgress.lesson_id, "The lesson, if you see its course.")
    progress = one(tables.LessonProgress.progress_id, "How far they are in the course.")
