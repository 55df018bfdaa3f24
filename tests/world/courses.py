"""The courses that Ines teaches, and Sam, who takes Logic."""

from decimal import Decimal

from db import tables
from db.tables import Difficulty, PaymentStatus
from db.write import Work
from tests.world import NOON, World

NEEDS = ("accounts",)


async def make(world: World, work: Work) -> None:
    await courses(world, work)
    await learning(world, work)


async def courses(world: World, work: Work) -> None:
    for slug, price, published in (("logic", "0", True), ("rhetoric", "49.90", True), ("draft", "0", False)):
        course = tables.Course(
            slug=slug,
            title=slug.capitalize(),
            description=f"All of {slug}",
            instructor_id=world.ines.id,
            price=Decimal(price),
            difficulty=Difficulty.BEGINNER,
            published=published,
            published_at=NOON if published else None,
            topics=[slug],
        )
        world.rows[slug] = await work.add(course)
        for chapter in (1, 2):
            module = tables.CourseModule(
                course_id=course.id, title=f"{slug} {chapter}", order=chapter, content="Welcome"
            )
            world.rows[f"{slug}_{chapter}"] = await work.add(module)
            for number in (1, 2):
                lesson = tables.Lesson(module_id=module.id, title=f"{chapter}.{number}", content="Text", order=number)
                world.rows[f"{slug}_{chapter}_{number}"] = await work.add(lesson)
    link = tables.CoursePrerequisite(course_id=world.rhetoric.id, required_id=world.logic.id)
    world.rows["course_prerequisite"] = await work.add(link)


async def learning(world: World, work: Work) -> None:
    enrollment = tables.Enrollment(
        user_id=world.sam.id, course_id=world.logic.id, payment_status=PaymentStatus.COMPLETED
    )
    world.rows["enrollment"] = await work.add(enrollment)
    progress = tables.CourseProgress(
        user_id=world.sam.id, course_id=world.logic.id, total_lessons=4, completed_lessons=1, progress_percent=25
    )
    world.rows["progress"] = await work.add(progress)
    done = tables.LessonProgress(
        progress_id=progress.id, lesson_id=world.logic_1_1.id, completed=True, completed_at=NOON
    )
    world.rows["lesson_progress"] = await work.add(done)
