"""The accounts, organizations and the project that the five older services began with. They are examples, and nobody
real.

None of them has a password: an operator signs in as one by a token.
"""

from collections.abc import Iterator
from dataclasses import replace

from db import tables
from db.demo.people import Person
from db.demo.rows import Batch, Row, as_json, key, row
from db.demo.sources import Record, moment
from db.tables import DocumentStatus, OrganizationPlan, OrganizationRole, ProjectStatus, SpecificationPhase, UserRole

SINCE = moment("2025-01-06")

ALICE, BOB, CHARLIE = (
    Person(email, name, email, SINCE, SINCE, username=name.lower())
    for name, email in (("Alice", "alice@example.com"), ("Bob", "bob@example.com"), ("Charlie", "charlie@example.com"))
)
ADMINISTRATORS = [
    # Whoever has the address of another host gets its mail, and would sign in by a link in one.
    Person(email, name, email, SINCE, SINCE, role=UserRole.ADMIN, is_active=email.endswith("@example.com"))
    for name, email in (
        ("CodeMentor AI", "admin@codementor-ai.com"),
        ("AI Whisperers", "admin@aiwhisperers.com"),
        ("Administrator", "admin@example.com"),
    )
]
PEOPLE = [*ADMINISTRATORS, ALICE, BOB, CHARLIE]
ORGANIZATIONS = {
    ("TechCorp", "techcorp", OrganizationPlan.PRO): {
        ALICE.email: OrganizationRole.OWNER,
        BOB.email: OrganizationRole.ADMIN,
        CHARLIE.email: OrganizationRole.MEMBER,
    },
    ("Startup Inc", "startup-inc", OrganizationPlan.FREE): {
        BOB.email: OrganizationRole.OWNER,
        ALICE.email: OrganizationRole.VIEWER,
    },
    ("Personal", "personal", OrganizationPlan.FREE): {CHARLIE.email: OrganizationRole.OWNER},
}
"""The organizations by name, address and plan, each with the roles of its members, by their addresses."""

SHOP = "Sample E-commerce Platform"
TEXTS = {
    SpecificationPhase.REQUIREMENTS: """\
# Requirements

## Introduction

A shop on the web: people look for goods, put them into a cart and pay for them.

## Requirements

1. WHEN somebody searches, the system SHALL list the goods whose name or description has the words.
2. WHEN somebody puts goods into their cart, the system SHALL keep them there for thirty days.
3. IF a payment is refused, the system SHALL keep the order and say why.
""",
    SpecificationPhase.DESIGN: """\
# Design

## Overview

Goods, carts and orders are services of their own behind one gateway.

## Architecture

An order is written with its payment in one transaction.
""",
    SpecificationPhase.TASKS: """\
# Tasks

- [ ] 1. Tables for goods, carts and orders
- [ ] 2. Search over goods
- [ ] 3. Payment
""",
}
"""The texts of the documents of the project."""


def _module(order: int, title: str, *lessons: tuple[str, int, str]) -> Record:
    """A module of the course that costs, of lessons by title, minutes and text."""
    return {
        "id": f"ai-fundamentals-{order}",
        "title": title,
        "order": order,
        "lessons": [
            {
                "id": f"ai-fundamentals-{order}-{place}",
                "title": name,
                "order": place,
                "duration_minutes": minutes,
                "content": f"# {name}\n\n{text}",
            }
            for place, (name, minutes, text) in enumerate(lessons, 1)
        ],
    }


TEACHER = ADMINISTRATORS[1]
HISTORY = """\
In 1956 a summer school in Dartmouth gave the field its name. It has promised much and was forgotten twice since. New
are not the ideas but the data, and the processors.
"""
KINDS = """\
Supervised learning has examples with answers, unsupervised learning has examples alone, and reinforcement learning has
neither: it tries, and is told how well it did.
"""
LANGUAGE = """\
A model of language gives each next word a probability. That it often says what is true follows from what it has read,
and from nothing else: check what matters.
"""
MEASURING = """\
Keep examples that the model has never seen, and decide before you look how good is good enough. A share of right
answers says little where most answers are the same.
"""
COURSE: Record = {
    "id": "ai-fundamentals",
    "title": "AI Fundamentals",
    "language": "en",
    "level": "beginner",
    "topics": ["ai"],
    "price": "49.99",
    "objectives": [
        "Say what artificial intelligence is, and what it is not",
        "Tell kinds of machine learning apart",
        "Judge what a model can be trusted with",
    ],
    "counts": {"modules": 2, "lessons": 4},
    "modules": [
        _module(1, "What it is", ("A short history", 120, HISTORY), ("Kinds of learning", 180, KINDS)),
        _module(2, "What it is good for", ("Models of language", 180, LANGUAGE), ("Measuring", 120, MEASURING)),
    ],
}
"""The only course that costs, in the form of the sources."""


def beside(batch: Batch) -> Batch:
    """A batch with what the seeds have of its table."""
    added = {
        tables.Organization: _organizations,
        tables.OrganizationMember: _members,
        tables.SpecificationProject: _projects,
        tables.SpecificationDocument: _documents,
        tables.DocumentVersion: _versions,
    }.get(batch.table)
    return replace(batch, rows=[*batch.rows, *added()]) if added else batch


def _organizations() -> Iterator[Row]:
    for name, slug, plan in ORGANIZATIONS:
        yield row(tables.Organization, slug, at=SINCE, name=name, slug=slug, plan=plan)


def _members() -> Iterator[Row]:
    ids = {person.email: person.id for person in PEOPLE}
    for (_, slug, _), roles in ORGANIZATIONS.items():
        organization = key(tables.Organization, slug, at=SINCE)
        for email, role in roles.items():
            yield row(
                tables.OrganizationMember,
                f"{slug}/{email}",
                at=SINCE,
                organization_id=organization,
                user_id=ids[email],
                role=role,
            )


def _projects() -> Iterator[Row]:
    yield row(
        tables.SpecificationProject,
        SHOP,
        at=SINCE,
        name=SHOP,
        description="A comprehensive e-commerce platform specification",
        owner_id=ADMINISTRATORS[0].id,
        current_phase=SpecificationPhase.REQUIREMENTS,
        status=ProjectStatus.ACTIVE,
        settings=as_json({}),
        updated_at=SINCE,
    )


def _documents() -> Iterator[Row]:
    for phase, content in TEXTS.items():
        is_approved = phase is SpecificationPhase.REQUIREMENTS
        yield row(
            tables.SpecificationDocument,
            f"{SHOP}/{phase}",
            at=SINCE,
            project_id=key(tables.SpecificationProject, SHOP, at=SINCE),
            phase=phase,
            content=content,
            version=1,
            status=DocumentStatus.APPROVED if is_approved else DocumentStatus.DRAFT,
            approved_at=SINCE if is_approved else None,
            approved_by_id=ADMINISTRATORS[0].id if is_approved else None,
            metadata=as_json({}),
            updated_at=SINCE,
        )


def _versions() -> Iterator[Row]:
    for phase, content in TEXTS.items():
        yield row(
            tables.DocumentVersion,
            f"{SHOP}/{phase}/1",
            at=SINCE,
            document_id=key(tables.SpecificationDocument, f"{SHOP}/{phase}", at=SINCE),
            version=1,
            content=content,
            summary=None,
            author_id=ADMINISTRATORS[0].id,
        )
