"""What Whisper likes to say where nobody speaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType

from audiopipe.stages.flag.evidence import Evidence, syllables
from audiopipe.stages.flag.speech import voiced_share
from audiopipe.text.words import normal_form
from audiopipe.values.transcript import Flag, Segment

_VOICED_SHARE = 0.5

_TABLE = """
ar  ترجمة نانسي قنقر / اشتركوا في القناة / شكرا للمشاهدة / شكرا
cs  Titulky vytvořil JohnyX* / Děkuji za pozornost / Děkujeme za pozornost
da  Danske tekster af* / Undertekster af* / Tak for at se med / Tak
de  Untertitel der Amara.org* / Untertitelung aufgrund der Amara.org* / Untertitelung des ZDF*
de  Untertitel im Auftrag des ZDF* / Untertitelung im Auftrag des ZDF* / Untertitel von*
de  Copyright WDR* / SWR 20* / Musik / Vielen Dank fürs Zuschauen / Vielen Dank / Danke
de  Bis zum nächsten Mal / Tschüss
el  Υπότιτλοι AUTHORWAVE / Ευχαριστώ που παρακολουθήσατε / Ευχαριστώ
en  Thank you / Thanks / Thank you very much / Thank you so much / Thank you all / you / I'm sorry
en  Thanks for watching* / Thank you for watching* / Thanks for listening / See you next time
en  See you in the next video / Please subscribe* / Subscribe* / Like and subscribe* / Bye / Bye bye
en  Subtitles by* / Subs by* / Captions by* / Captioning by* / Closed captioning* / The end
en  Transcription by* / Transcribed by* / Transcript Emily Beynon / www.mooji.org / Silence
en  Music / Applause / Laughter / Beep
es  Subtítulos realizados por* / Subtítulos por la comunidad de Amara.org / Subtitulado por*
es  Gracias por ver el video / Gracias por ver el vídeo / Suscríbete* / Más información www*
es  Gracias / Música
fi  Kiitos kun katsoit / Kiitos katsomisesta / Kiitos
fr  Sous-titres réalisés* / Sous-titres par* / Sous-titres faits par* / Sous-titrage*
fr  par SousTitreur.com / Merci d'avoir regardé cette vidéo* / Abonnez-vous* / Merci / Musique
he  תודה על הצפייה / תודה רבה / תודה
hu  Köszönöm, hogy megnézted* / Köszönöm a figyelmet / Köszönöm
id  Terima kasih telah menonton* / Terima kasih
it  Sottotitoli creati dalla comunità Amara.org / Sottotitoli e revisione* / Sottotitoli di*
it  Grazie per la visione / Grazie per aver guardato* / Grazie / Musica
ja  ご視聴ありがとうございました / ご視聴ありがとうございます / ありがとうございました
ja  おやすみなさい
ja  チャンネル登録* / 字幕*
ko  시청해주셔서 감사합니다 / 구독과 좋아요* / 감사합니다 / MBC 뉴스* / 한글자막 by*
ko  다음 영상에서 만나요
nl  Ondertitels ingediend door* / Ondertiteld door* / Ondertiteling* / Bedankt voor het kijken*
nl  Dank u wel / Bedankt
no  Teksting av* / Undertekster av* / Takk for at du så på / Takk
pl  Napisy stworzone przez* / Zdjęcia i montaż* / Dziękuję za uwagę / Dziękuję za oglądanie
pl  Dzięki za oglądanie / Dziękuję
pt  Legendas pela comunidade Amara.org / Legenda* / Transcrição e Legendas* / Obrigado por assistir
pt  Inscreva-se* / Obrigado / Obrigada / Tchau
ro  Vă mulțumim pentru vizionare / Mulțumesc pentru vizionare / Vă mulțumesc
ru  Субтитры сделал* / Субтитры создавал* / Субтитры подогнал* / Редактор субтитров*
ru  Продолжение следует / Спасибо за просмотр / Подписывайтесь на канал / Спасибо за внимание
ru  До новых встреч / Спасибо
sv  Undertexter* / Textning* / Tack för att ni tittade / Tack för att du tittade / Tack
th  โปรดติดตามตอนต่อไป / ขอบคุณที่รับชม / ขอบคุณครับ
tr  Altyazı M.K. / İzlediğiniz için teşekkür ederim / Abone olmayı unutmayın / Teşekkür ederim
uk  Субтитри* / Дякую за перегляд / Дякую за увагу / Дякую
vi  Hãy subscribe cho kênh* / Cảm ơn các bạn đã theo dõi* / Cảm ơn các bạn / Hẹn gặp lại*
zh  字幕由Amara.org社区提供 / 字幕by* / 字幕志愿者* / 中文字幕* / 谢谢观看 / 謝謝觀看 / 谢谢大家
zh  謝謝大家 / 谢谢 / 謝謝 / 请不吝点赞* / 請不吝點贊* / 优优独播剧场*
"""

PHRASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        code: tuple(phrase for _, line in lines for phrase in line.strip().split(" / "))
        for code, lines in groupby(
            (line.split(" ", 1) for line in _TABLE.strip().splitlines()), key=itemgetter(0)
        )
    }
)
"""By language, as whole segments; `*` stands for whatever follows.

Sources: the collection in openai/whisper's discussion 928, and what Whisper base and tiny.en made
of the music, noise and silence that `scripts/bench_flags.py` plays to them. Credits of subtitles
are from the training data; the others are said by people too.
"""


def stock_phrases(evidence: Evidence, found: Sequence[Flag]) -> Iterator[Flag]:
    """Stock phrases that have a second sign: another flag, and no voice, or too slow for one.

    Args:
        evidence: the chunk.
        found: the flags of all other checks.
    """
    most = evidence.thresholds.max_stock_signs
    if most is None:
        return
    known = _phrases(evidence.transcript.language)
    for segment in evidence.segments:
        signs = sum(_signs(segment, evidence, found))
        if signs > most and _is_stock(normal_form(segment.text), known):
            yield Flag(
                "stock-phrase",
                segment.span,
                float(signs),
                float(most),
                "Whisper says this where nobody speaks: if nobody says it here strike it, and "
                "trim the silence or reduce the noise before the next run.",
            )


def _phrases(language: str | None) -> set[str]:
    """Those of a language and the English ones, which come in all; without a language, all."""
    codes = PHRASES if language is None else {language, "en"}
    phrases = (phrase for code in codes for phrase in PHRASES.get(code, ()))
    return {normal_form(phrase) + "*" * phrase.endswith("*") for phrase in phrases}


def _is_stock(text: str, phrases: set[str]) -> bool:
    begun = (phrase[:-1] for phrase in phrases if phrase.endswith("*"))
    return bool(text) and (text in phrases or text.startswith(tuple(begun)))


def _signs(segment: Segment, evidence: Evidence, found: Sequence[Flag]) -> Iterator[bool]:
    yield any(_touches(flag, segment) for flag in found)
    if evidence.voice:
        yield voiced_share(segment.span, evidence.voice.possible) < _VOICED_SHARE
    else:
        slowest = evidence.thresholds.min_syllables_per_s or 0.0
        yield syllables(segment.text) < slowest * evidence.audio_s(segment)


def _touches(flag: Flag, segment: Segment) -> bool:
    return flag.span.start_s < segment.span.end_s and segment.span.start_s < flag.span.end_s
