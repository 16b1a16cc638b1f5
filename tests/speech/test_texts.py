"""Texts to speak from, made here as others write them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from support.spoken import spoken

from audiopipe.errors import InputError, UsageError
from audiopipe.render import render
from audiopipe.speech.lexicon import in_letters, in_sounds, pronounced, read_lexicon
from audiopipe.speech.script import paragraphs
from audiopipe.speech.texts import read

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PNG = b"\x89PNG\r\n\x1a\n"


def epub(path: Path, pages: int, *, nav: bool = True, ncx: bool = False) -> Path:
    """A book with a page for each chapter, and a heading within each."""
    names = [f"text/c%20{n}.xhtml" for n in range(pages)]
    items = "".join(
        f'<item id="c{n}" href="{name}" media-type="application/xhtml+xml"/>'
        for n, name in enumerate(names)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(pages))
    more = '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    more = (more if nav else "") + (
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>' if ncx else ""
    )
    more += '<item id="pic" href="c.png" properties="cover-image" media-type="image/png"/>'
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        "<metadata><dc:title>The Book</dc:title><dc:creator>Ann Lee</dc:creator>"
        "<dc:language>en-GB</dc:language><dc:date>2019-05-01</dc:date></metadata>"
        f"<manifest>{items}{more}</manifest><spine>{spine}</spine></package>"
    )
    links = "".join(f'<li><a href="{name}#x">Part {n}</a></li>' for n, name in enumerate(names))
    points = "".join(
        f'<navPoint><navLabel><text>Part {n}</text></navLabel><content src="{name}"/></navPoint>'
        for n, name in enumerate(names)
    )
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("META-INF/container.xml", CONTAINER)
        book.writestr("OEBPS/book.opf", package)
        book.writestr(
            "OEBPS/nav.xhtml", f"<html><body><nav epub:type='toc'>{links}</nav></body></html>"
        )
        book.writestr("OEBPS/toc.ncx", f"<ncx><navMap>{points}</navMap></ncx>")
        book.writestr("OEBPS/c.png", PNG)
        for n in range(pages):
            head = f"<h2>Head {n}</h2>" if n % 2 == 0 else ""
            book.writestr(
                f"OEBPS/text/c {n}.xhtml",
                f'<?xml version="1.0" encoding="utf-8"?><html><head><title>x</title></head><body>'
                f"{head}<p>Caf\u00e9 {n}<a epub:type='noteref'>1</a>.</p><h3>Below</h3><p>More.</p>"
                "<aside epub:type='footnote'>A note.</aside></body></html>",
            )
    return path


@pytest.mark.parametrize("kinds", [{"nav": True}, {"nav": False, "ncx": True}])
def test_an_epub_has_a_chapter_for_each_entry_of_its_contents(
    tmp_path: Path, kinds: dict[str, bool]
) -> None:
    made = read(epub(tmp_path / "b.epub", 4, **kinds))
    assert (made.title, made.author, made.year, made.language) == (
        "The Book",
        "Ann Lee",
        "2019",
        "en",
    )
    assert made.cover == PNG
    heads = [each.text for each in made.paragraphs if each.is_heading]
    assert heads == ["Head 0", "Part 1", "Head 2", "Part 3"]
    said = [each.text for each in made.paragraphs]
    assert said[:4] == ["Head 0", "Caf\u00e9 0.", "Below", "More."]
    assert "A note." not in said


def test_an_epub_without_contents_has_its_headings(tmp_path: Path) -> None:
    made = read(epub(tmp_path / "b.epub", 2, nav=False))
    assert [each.text for each in made.paragraphs if each.is_heading] == [
        "Head 0",
        "Below",
        "Below",
    ]


def test_chapters_begin_at_places_within_a_page_and_a_page_that_is_missing_is_told_of(
    tmp_path: Path,
) -> None:
    book = epub(tmp_path / "b.epub", 1)
    page = (
        "<html><body><p>Before.</p><h2><a name='p1'/>One</h2><p>1</p><h3>Not it</h3>"
        "<div id='p2'><p>2</p></div></body></html>"
    )
    links = "".join(f"<a href='all.html#p{n}'>Part {n}</a>" for n in (1, 2))
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(tmp_path / "c.epub", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("opf"):
                item = b'<item id="all" href="all.html" media-type="application/xhtml+xml"/>'
                data = data.replace(b"<manifest>", b"<manifest>" + item)
                data = data.replace(b"</spine>", b'<itemref idref="all"/></spine>')
            if name.endswith("nav.xhtml"):
                data = f"<html><body><nav>{links}</nav></body></html>".encode()
            if not name.endswith("c 0.xhtml"):
                new.writestr(name, data)
        new.writestr("OEBPS/all.html", page)
    made = read(tmp_path / "c.epub")
    said = [(each.text, each.is_heading) for each in made.paragraphs]
    assert said[:3] == [("Before.", False), ("One", True), ("1", False)]
    assert said[3:] == [("Not it", False), ("Part 2", True), ("2", False)]
    assert made.missing == ("OEBPS/text/c 0.xhtml",)


def test_a_book_that_is_none_or_locked_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.epub").write_bytes(b"PK nothing")
    with pytest.raises(InputError, match=r"a\.epub is no EPUB"):
        read(tmp_path / "a.epub")
    locked = epub(tmp_path / "l.epub", 1)
    with zipfile.ZipFile(locked, "a") as book:
        book.writestr(
            "META-INF/encryption.xml",
            '<e><CipherReference URI="OEBPS/text/c 0.xhtml"/></e>',
        )
    with pytest.raises(InputError, match="encrypted"):
        read(locked)


def test_html_is_spoken_without_what_is_not_read(tmp_path: Path) -> None:
    page = (
        b"<!doctype html><html lang=de><head><meta charset=iso-8859-1><title>T\xe4g</title>"
        b"<style>p{}</style></head><body><nav>Menu</nav><h1>Eins</h1><p>one<br>two<script>x</script>"
        b" th<b>re</b>e</p><ul><li>a<li>b</ul><!-- no --><img alt='A cat'><p hidden>no</p>"
        b"<p style='color:red; DISPLAY: none'>no</p>tail"
    )
    (tmp_path / "p.html").write_bytes(page)
    made = read(tmp_path / "p.html")
    assert (made.title, made.language) == ("T\u00e4g", "de")
    assert [each.text for each in made.paragraphs] == [
        "Eins",
        "one two three",
        "a",
        "b",
        "A cat tail",
    ]
    assert [each.is_heading for each in made.paragraphs] == [True, False, False, False, False]


def test_docx_has_headings_and_tables(tmp_path: Path) -> None:
    docx = pytest.importorskip("docx", reason="python-docx is not installed")
    document = docx.Document()
    document.core_properties.title = "Doc"
    document.add_heading("One", 1)
    document.add_paragraph("Text.")
    row = document.add_table(1, 2).rows[0].cells
    row[0].text, row[1].text = "a", "b"
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    changed = (
        f"<w:sdt {space}><w:sdtContent><w:p><w:r><w:t>Kept </w:t></w:r><w:ins><w:r><w:t>new</w:t>"
        "<w:br/><w:t>line</w:t></w:r></w:ins><w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved</w:t></w:r></w:moveFrom><w:r><w:rPr><w:vanish/></w:rPr>"
        "<w:t>hidden</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    document.element.body.insert(2, docx.oxml.parse_xml(changed))
    file = io.BytesIO()
    document.save(file)
    (tmp_path / "d.docx").write_bytes(file.getvalue())
    made = read(tmp_path / "d.docx")
    said = [(each.text, each.is_heading) for each in made.paragraphs]
    assert said == [("One", True), ("Text.", False), ("Kept new line", False), ("a, b", False)]
    assert made.title == "Doc"


def pdf(pages: list[list[str]]) -> bytes:
    """A document with these lines on its pages."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for n, lines in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * n} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        drawn = "".join(
            f"BT /F1 12 Tf 50 {760 - 20 * at} Td ({line}) Tj ET\n" for at, line in enumerate(lines)
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}endstream".encode())
    out = b"%PDF-1.4\n"
    for number, body in enumerate(objects, 1):
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    return out + b"trailer << /Root 1 0 R /Size %d >>\n%%%%EOF" % (len(objects) + 1)


def test_pdf_is_read_without_headers_and_numbers_of_pages(tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
    long = "This is a line of a para-"
    pages = [
        ["The Title 1", long, "graph that goes on.", "And more here", f"{n}"] for n in range(4)
    ]
    (tmp_path / "p.pdf").write_bytes(pdf(pages))
    made = read(tmp_path / "p.pdf")
    text = " ".join(each.text for each in made.paragraphs)
    assert "The Title" not in text and "paragraph that goes on." in text
    (tmp_path / "e.pdf").write_bytes(pdf([[""]]))
    with pytest.raises(InputError, match="no text"):
        read(tmp_path / "e.pdf")
    word, locked = "00" * 32, "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID"
    locked = f"{locked % (word, word)} [<{word[:32]}> <{word[:32]}>]"
    data = pdf(pages).replace(b"trailer << ", b"trailer << " + locked.encode())
    (tmp_path / "l.pdf").write_bytes(data)
    with pytest.raises(InputError, match="needs a password"):
        read(tmp_path / "l.pdf")


def test_subtitles_keep_their_times_and_transcripts_their_speakers(tmp_path: Path) -> None:
    talk = spoken("We begin. It grew.", "Now to the move.")
    (tmp_path / "t.srt").write_text(render(talk, "srt"))
    (tmp_path / "t.json").write_text(render(talk, "json"))
    timed = read(tmp_path / "t.srt").paragraphs
    assert [each.start_s for each in timed] == sorted(each.start_s or 0.0 for each in timed)
    assert read(tmp_path / "t.json").paragraphs[0].text.startswith("We begin.")


def test_front_matter_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text('---\ntitle: "A: b"\nauthor: Ann\nlang: de\n---\n\nText.')
    made = read(tmp_path / "a.md")
    assert (made.title, made.author, made.language) == ("A: b", "Ann", "de")
    assert [each.text for each in made.paragraphs] == ["Text."]


DIALOGUE = "# One\n\n**Ann:** Hi *you*.\n\n**Bob**: Hello.\n\nAnd more.\n\n# Two\n\n**Ann:** Bye."


def test_names_in_bold_tell_who_speaks() -> None:
    said = [(each.speaker, each.text) for each in paragraphs(DIALOGUE)]
    assert said == [
        ("", "One"),
        ("Ann", "Hi you."),
        ("Bob", "Hello."),
        ("Bob", "And more."),
        ("", "Two"),
        ("Ann", "Bye."),
    ]


@pytest.mark.parametrize("text", ["**Note:** care.\n\nText.", "**Bold** text.\n\n**More** text."])
def test_other_bold_words_are_spoken(text: str) -> None:
    assert {each.speaker for each in paragraphs(text)} == {""}
    assert next(paragraphs(text)).text in ("Note: care.", "Bold text.")


def test_a_lexicon_tells_how_words_are_said(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("# names\nGIF => jiff\nnginx = engine x\nNew York => Nuyok\n")
    words = read_lexicon(tmp_path / "l.txt")
    said = pronounced("A GIF of Nginx in New  York, and gifs.", words)
    assert said == "A jiff of engine x in Nuyok, and gifs."
    for wrong in ("GIF", "=> x"):
        (tmp_path / "l.txt").write_text(wrong)
        with pytest.raises(UsageError, match="line 1"):
            read_lexicon(tmp_path / "l.txt")


def test_a_voice_that_reads_ipa_is_told_in_ipa_and_another_in_letters() -> None:
    words = {"GIF": "jiff", "Nguyen": "/wɪn/ win", "quay": "/kiː/"}
    assert in_letters(words) == {"GIF": "jiff"}
    told = in_sounds(words, "Nguyen at the quay", lambda word, ipa: f"<{word} {ipa}>")
    assert pronounced("Nguyen at the Quay.", told) == "<Nguyen wɪn> at the <quay kiː>."
    told = in_sounds(words, "Nguyen spoke", lambda word, ipa: None)
    assert pronounced("Nguyen spoke.", told) == "win spoke."
    with pytest.raises(UsageError, match="how 'quay' sounds"):
        in_sounds(words, "the quay", lambda word, ipa: None)
