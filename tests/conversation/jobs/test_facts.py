"""What clean-up may change, and what it may not: the same thing said, and another."""

from __future__ import annotations

import pytest

from audiopipe.conversation.jobs.checks import kept

SAME = """
en | um so we uh have twenty five people | We have 25 people.
en | it costs twelve hundred dollars | It costs $1,200.
en | about four hundred and fifty dollars | About $450.
en | on march twenty first twenty twenty four | On March 21, 2024.
en | the nineteen nineties were good | The 1990s were good.
en | call five five five one two three four | Call 555-1234.
en | two thirds of people, the third time | 2/3 of people, the 3rd time.
en | a hundred and twenty people | 120 people.
en | it weighs two and a half kilos | It weighs 2.5 kilos.
en | at quarter past three, at seven o'clock | At 3:15, at 7:00.
en | I mean it is like two point five percent you know | It is 2.5%.
en | um it's it's not, it's not ready | It's not ready.
en | I was I was going out and then and then and then we left | I was going out and then we left.
en | minus five degrees, three million two hundred thousand | -5 degrees, 3,200,000.
de | äh also hundertzwanzig Leute, am dritten Mai | 120 Leute, am 3. Mai.
de | um sechzehn Uhr, äh, dreißig | Um 16:30 Uhr.
fr | euh trois mille euros, quatre-vingt-dix pour cent | 3 000 euros, 90 %.
es | eh son las siete y media, mil quinientos euros | Son las 7:30, 1.500 €.
ja | えーと、来週の金曜日に会いましょう。 | 来週の金曜日に会いましょう。
"""

OTHER = """
en | um we have twenty five people | We have 26 people.
en | twenty or thirty people | Twenty people.
en | Ann pays fifteen euros | Ann pays fifty euros.
en | Ann pays fifteen euros | Ann pays fifteen dollars.
en | it's only five kilometers | It's only 5 miles.
en | in three weeks | In three months.
en | we sold 1.5 million | We sold 15 million.
en | call me at 555 1234 | Call me at 555 1243.
en | it fell to minus five percent | It fell to 5 percent.
en | I don't agree with that | I agree with that.
en | I agree with that | I never agree with that.
en | it is without sugar | It is with sugar.
en | Ann will call Bob | Bob will call Ann.
de | wir haben das nicht gemacht | Wir haben das gemacht.
fr | on n'a pas fini | On a fini.
es | no lo hemos hecho | Lo hemos hecho.
ru | он не придёт | Он придёт.
zh | 我们不去 | 我们去
ja | 私は行きません | 私は行きます
"""


def faults(row: str) -> list[str]:
    language, said, cleaned = row.split(" | ")
    return list(kept([said], language)({"lines": [{"number": 1, "text": cleaned}]}))


@pytest.mark.parametrize("row", SAME.strip().splitlines())
def test_what_says_the_same_in_other_words_passes(row: str) -> None:
    assert faults(row) == []


@pytest.mark.parametrize("row", OTHER.strip().splitlines())
def test_what_says_something_else_is_sent_back(row: str) -> None:
    assert faults(row)
