"""Loading the catalogue into the database: the files are the seed, the database the truth."""

from dataclasses import dataclass, field

from django.db import transaction

from policy.checking import article_texts
from policy.entries import Catalogue, DefinitionEntry
from policy.models import Article, ArticleUnit, Definition, Document, Measure
from portal import clock
from portal.accounts.models import Unit
from portal.audit.recording import record


class DefinitionChanged(Exception):
    """A file's definition differs from the one that is stored for the same line and date."""

    def __init__(self, entry: DefinitionEntry, stored: Definition):
        self.line, self.valid_from = entry.line, entry.valid_from
        self.stored_sha256, self.file_sha256 = stored.sha256, entry.sha256
        super().__init__(
            f"{entry.line} from {entry.valid_from}: the stored definition "
            f"({stored.sha256[:12]}…) is never edited and differs from the files "
            f"({entry.sha256[:12]}…). Put the change into a folder with a later date."
        )


@dataclass
class Loaded:
    units: int = 0
    articles: int = 0
    measures: int = 0
    definitions_new: int = 0
    definitions_known: int = 0
    kept: list["DefinitionChanged"] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


@transaction.atomic
def load(catalogue: Catalogue, *, actor, keep: bool = False) -> Loaded:
    """Bring units, document, articles and measures up to date; add definitions that are new.

    All or nothing, and the same again changes nothing. DefinitionChanged refuses another
    text for a line and date that is stored; with ``keep`` what is stored stays, and is told.
    """
    done = Loaded()
    units = _load_units(catalogue, done)
    articles = _load_articles(catalogue, units, done)
    measures = _load_measures(catalogue, units, articles, done)
    for entry in catalogue.definitions:
        _load_definition(entry, measures[entry.line], actor=actor, done=done, keep=keep)
    return done


def _load_units(catalogue: Catalogue, done: Loaded) -> dict[str, Unit]:
    units = {}
    for position, entry in enumerate(catalogue.units, start=1):
        units[entry.code], _created = Unit.objects.update_or_create(
            code=entry.code,
            defaults={
                "name_zh": entry.name.zh,
                "name_en": entry.name.en,
                "short_zh": entry.short,
                "kind": entry.kind,
                "position": position,
            },
        )
    done.units = len(units)
    return units


def _load_articles(
    catalogue: Catalogue, units: dict[str, Unit], done: Loaded
) -> dict[int, Article]:
    entry = catalogue.document
    document, _created = Document.objects.update_or_create(
        number=entry.number,
        defaults={
            "title_zh": entry.title.zh,
            "title_en": entry.title.en,
            "issuer_zh": entry.issuer.zh,
            "issuer_en": entry.issuer.en,
            "issued_on": entry.issued_on,
            "text": catalogue.text,
            "parts": [
                {
                    "code": part.code,
                    "zh": part.label.zh,
                    "en": part.label.en,
                    "first": part.first,
                    "last": part.last,
                }
                for part in entry.parts
            ],
        },
    )
    texts = article_texts(catalogue.text)
    districts = [unit.code for unit in catalogue.units if unit.kind == "district"]
    articles = {}
    for item in entry.articles:
        article, _created = Article.objects.update_or_create(
            document=document,
            no=item.article,
            defaults={
                "title_zh": item.title.zh,
                "title_en": item.title.en,
                "text": texts[item.article],
            },
        )
        _name_units(article, [units[code] for code in (*item.units, *districts)])
        articles[item.article] = article
    done.articles = len(articles)
    return articles


def _name_units(article: Article, named: list[Unit]) -> None:
    """The article's units in the text's order, the districts (江北新区、各区) last."""
    wanted = [unit.pk for unit in named]
    stored = article.article_units.order_by("position").values_list("unit_id", flat=True)
    if list(stored) == wanted:
        return
    article.article_units.all().delete()
    ArticleUnit.objects.bulk_create(
        ArticleUnit(article=article, unit=unit, position=position)
        for position, unit in enumerate(named, start=1)
    )


def _load_measures(
    catalogue: Catalogue, units: dict[str, Unit], articles: dict[int, Article], done: Loaded
) -> dict[str, Measure]:
    lead = {item.article: units[item.units[0]] for item in catalogue.document.articles}
    measures = {}
    # Positions are unique: lines that move make room first.
    order = {entry.line: place for place, (_file, entry) in enumerate(catalogue.measures, start=1)}
    for measure in Measure.objects.only("pk", "line", "position"):
        if order.get(measure.line) != measure.position:
            Measure.objects.filter(pk=measure.pk).update(position=1000 + measure.pk)
    for _file, entry in catalogue.measures:
        measures[entry.line], _created = Measure.objects.update_or_create(
            line=entry.line,
            defaults={
                "article": articles[entry.article],
                "name_zh": entry.name.zh,
                "name_en": entry.name.en,
                "kinds": list(entry.kinds),
                "recipients_zh": entry.recipients.zh,
                "recipients_en": entry.recipients.en,
                "clause": entry.clause,
                "clause_en": entry.clause_en,
                "money": entry.money,
                "position": order[entry.line],
                "lead_unit": lead[entry.article],
            },
        )
    done.measures = len(measures)
    return measures


def _load_definition(
    entry: DefinitionEntry, measure: Measure, *, actor, done: Loaded, keep: bool
) -> None:
    stored = Definition.objects.filter(measure=measure, valid_from=entry.valid_from).first()
    if stored is not None:
        if stored.sha256 != entry.sha256:
            changed = DefinitionChanged(entry, stored)
            if not keep:
                raise changed
            done.kept.append(changed)
            return
        done.definitions_known += 1
        return
    definition = Definition.objects.create(
        measure=measure,
        valid_from=entry.valid_from,
        body=entry.body,
        sha256=entry.sha256,
        loaded_at=clock.now(),
    )
    record(
        "definition.load",
        obj=definition,
        actor=actor,
        data={
            "line": entry.line,
            "valid_from": entry.valid_from.isoformat(),
            "sha256": entry.sha256,
        },
    )
    done.definitions_new += 1
    done.new.append(f"{entry.line} {entry.valid_from}")
