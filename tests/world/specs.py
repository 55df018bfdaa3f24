"""The project Atlas with its members, documents and talk, and Island with its documents, which is Olga's."""

from db import tables
from db.tables import CommentStatus, DocumentStatus, MembershipStatus, ProjectRole, ReactionType, SpecificationPhase
from db.texts.places import Place, Text
from db.texts.rows import anchored
from db.write import Work
from tests.world import NOON, World

NEEDS = ("accounts", "organizations", "repositories")


async def make(world: World, work: Work) -> None:
    await project(world, work)
    await talk(world, work)
    await island(world, work)


async def project(world: World, work: Work) -> None:
    atlas = tables.SpecificationProject(
        name="Atlas",
        description="Maps of everything",
        owner_id=world.ada.id,
        organization_id=world.analytical.id,
        repository_id=world.engine.id,
    )
    world.rows["atlas"] = await work.add(atlas)
    places = (
        ("ben", ProjectRole.MEMBER, MembershipStatus.ACTIVE),
        ("vera", ProjectRole.VIEWER, MembershipStatus.ACTIVE),
        ("rob", ProjectRole.MEMBER, MembershipStatus.REMOVED),
    )
    for name, role, status in places:
        place = tables.ProjectMember(project_id=world.atlas.id, user_id=world.rows[name].id, role=role, status=status)
        world.rows[f"{name}s_place"] = await work.add(place)
    for phase in ("REQUIREMENTS", "DESIGN"):
        document = tables.SpecificationDocument(
            project_id=world.atlas.id,
            phase=SpecificationPhase[phase],
            content=f"# {phase.capitalize()}\n\nThe user shall find every place.\n",
            version=2,
        )
        world.rows[phase.lower()] = await work.add(document)
        for version, content in enumerate(("# Draft\n", document.content), start=1):
            await work.add(
                tables.DocumentVersion(
                    document_id=document.id, version=version, content=content, author_id=world.ada.id
                )
            )


async def talk(world: World, work: Work) -> None:
    for index, line in enumerate((2, 0)):
        about = anchored(Text(world.requirements.content), Place(line, 4), version=2)
        thread = tables.CommentThread(document_id=world.requirements.id, **about)
        world.rows[f"thread_{index}"] = await work.add(thread)
        for author in ("ada", "ben", "ada"):
            comment = tables.Comment(
                thread_id=thread.id, author_id=world.rows[author].id, content=f"{author} on {line}"
            )
            world.rows["comment"] = await work.add(comment)
            world.rows.setdefault("remark", comment)
            await work.add(tables.Reaction(comment_id=comment.id, user_id=world.ben.id, type=ReactionType.LIKE))
    proposal = tables.Suggestion(
        document_id=world.requirements.id,
        comment_id=world.remark.id,
        document_version=2,
        line=2,
        character=4,
        end_line=2,
        end_character=8,
        original="user",
        replacement="traveller",
    )
    world.rows["proposal"] = await work.add(proposal)
    settled = tables.CommentThread(
        document_id=world.design.id,
        **anchored(Text(world.design.content), Place(1, 0), version=2),
        status=CommentStatus.RESOLVED,
        resolved_at=NOON,
        resolved_by_id=world.ada.id,
    )
    world.rows["settled"] = await work.add(settled)


async def island(world: World, work: Work) -> None:
    """Olga works alone: what it has to do is approved, and how it is built waits for that."""
    world.rows["island"] = await work.add(tables.SpecificationProject(name="Island", owner_id=world.olga.id))
    approved = {"status": DocumentStatus.APPROVED, "approved_at": NOON, "approved_by_id": world.olga.id}
    documents = {
        "needs": (SpecificationPhase.REQUIREMENTS, approved),
        "outline": (SpecificationPhase.DESIGN, {"status": DocumentStatus.REVIEW}),
    }
    for name, (phase, state) in documents.items():
        content = "# Island\n\nNobody shall get wet.\n"
        document = tables.SpecificationDocument(project_id=world.island.id, phase=phase, content=content, **state)
        world.rows[name] = await work.add(document)
        await work.add(
            tables.DocumentVersion(document_id=document.id, version=1, content=content, author_id=world.olga.id)
        )
