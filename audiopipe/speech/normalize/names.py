"""Names of units, currencies and months in any language, by ICU and Unicode's CLDR."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from itertools import product

from audiopipe.text.messages import message

UNITS = dict(
    pair.split("=")
    for pair in (
        "%=percent,‰=permille,°C=celsius,°F=fahrenheit,°=degree,"
        "km=kilometer,m=meter,cm=centimeter,mm=millimeter,µm=micrometer,nm=nanometer,"
        "mi=mile,ft=foot,yd=yard,ha=hectare,"
        "m²=square-meter,km²=square-kilometer,cm²=square-centimeter,mm²=square-millimeter,"
        "m³=cubic-meter,cm³=cubic-centimeter,km³=cubic-kilometer,sq ft=square-foot,"
        "sq mi=square-mile,"
        "km/h=kilometer-per-hour,kph=kilometer-per-hour,mph=mile-per-hour,m/s=meter-per-second,"
        "km/s=kilometer-per-second,m/s²=meter-per-square-second,"
        "kg=kilogram,g=gram,mg=milligram,µg=microgram,t=tonne,lb=pound,lbs=pound,oz=ounce,"
        "g/cm³=gram-per-cubic-centimeter,kg/m³=kilogram-per-cubic-meter,g/l=gram-per-liter,"
        "mg/l=milligram-per-liter,mg/L=milligram-per-liter,mg/dl=milligram-per-deciliter,"
        "l=liter,L=liter,ml=milliliter,mL=milliliter,cl=centiliter,dl=deciliter,"
        "l/min=liter-per-minute,µl=microliter,g/m²=gram-per-square-meter,W/m²=watt-per-square-meter,"
        "mg/kg=milligram-per-kilogram,mpg=mile-per-gallon,kg·m/s²=kilogram-meter-per-square-second,"
        "mol=mole,mmol/l=millimole-per-liter,ppm=permillion,hp=horsepower,kn=knot,lx=lux,lm=lumen,"
        "l/100 km=liter-per-100-kilometer,L/100 km=liter-per-100-kilometer,"
        "L/100km=liter-per-100-kilometer,l/100km=liter-per-100-kilometer,"
        "tbsp=tablespoon,tsp=teaspoon,gal=gallon,"
        "h=hour,hr=hour,hrs=hour,min=minute,mins=minute,s=second,sec=second,secs=second,"
        "ms=millisecond,µs=microsecond,ns=nanosecond,"
        "bit=bit,kB=kilobyte,KB=kilobyte,MB=megabyte,GB=gigabyte,TB=terabyte,PB=petabyte,"
        "KiB=kilobyte,MiB=megabyte,GiB=gigabyte,kB/s=kilobyte-per-second,MB/s=megabyte-per-second,"
        "GB/s=gigabyte-per-second,kbit/s=kilobit-per-second,kbps=kilobit-per-second,"
        "Mbit/s=megabit-per-second,Mbps=megabit-per-second,Gbit/s=gigabit-per-second,"
        "Gbps=gigabit-per-second,Hz=hertz,kHz=kilohertz,MHz=megahertz,GHz=gigahertz,"
        "W=watt,kW=kilowatt,MW=megawatt,GW=gigawatt,kWh=kilowatt-hour,MWh=megawatt-hour,"
        "GWh=gigawatt-hour,TWh=terawatt-hour,mW=milliwatt,kVA=kilovolt-ampere,eV=electronvolt,"
        "J=joule,kJ=kilojoule,MJ=megajoule,cal=calorie,kcal=kilocalorie,V=volt,mV=millivolt,kV=kilovolt,mA=milliampere,Ω=ohm,kΩ=kiloohm,N=newton,"
        "Nm=newton-meter,N·m=newton-meter,hPa=hectopascal,kPa=kilopascal,Pa=pascal,mbar=millibar,"
        "bar=bar,atm=atmosphere,mmHg=millimeter-ofhg,mSv=millisievert,µSv=microsievert,"
        "px=pixel,MP=megapixel,dpi=dot-per-inch,rpm=revolution-per-minute"
    ).split(",")
)
"""What is written behind a number, and CLDR's name of it; ^2 and ^3 are written raised."""

CURRENCIES = dict(
    pair.split("=")
    for pair in (
        "$=USD,US$=USD,A$=AUD,AU$=AUD,C$=CAD,CA$=CAD,NZ$=NZD,HK$=HKD,S$=SGD,NT$=TWD,R$=BRL,€=EUR,"
        "£=GBP,¥=JPY,₹=INR,₩=KRW,₽=RUB,₺=TRY,₴=UAH,₪=ILS,zł=PLN,kr=SEK,Kč=CZK,Ft=HUF,"
        "₫=VND,₦=NGN,฿=THB,₱=PHP,Rs=INR,Rs.=INR"
    ).split(",")
)
CURRENCIES |= {
    code: code for code in (*CURRENCIES.values(), "CHF", "CNY", "NOK", "DKK", "MXN", "ZAR")
}
"""What is written with an amount, and the code of ISO 4217."""


def measured(figures: str, value: float, unit: str, language: str) -> str:
    """A number with its unit in words.

    Args:
        figures: the number as it is to stand there.
        value: it, which decides between singular, plural and what else a language has.
        unit: CLDR's name.
        language: ISO 639-1 code.
    """
    return _with(figures, value, f"::unit/{unit} unit-width-full-name .######", language)


def paid(figures: str, value: float, code: str, language: str) -> str:
    """An amount with its currency in words; arguments as in `measured`, the code as ISO 4217."""
    named = _with(figures, value, f"::currency/{code} unit-width-full-name .##", language)
    return "".join(c for c in named if unicodedata.category(c) != "Sc")  # Turkish has both


def scales(language: str) -> dict[str, int]:
    """What is written for thousands, millions and more, such as Mio., and what they stand for."""
    powers = [10**power for power in (3, 6, 9, 12)]
    cases = product(powers, ("short", "long"), (1, 2))
    found = ((_compact(n * power, width, language), power, n) for power, width, n in cases)
    return {name: power for (figures, name), power, n in found if name and figures == str(n)}


def scaled(value: float, power: int, language: str) -> str:
    """The full name of thousands, millions and more, of so many of them."""
    return _compact(value * power, "long", language)[1]


def _compact(n: float, width: str, language: str) -> tuple[str, str]:
    """The figures and the name in which a large number is written."""
    written = str(message(f"{{n,number,::compact-{width} latin}}", language).format({"n": n}))
    name = written.lstrip("0123456789.,\u00a0\u202f ")
    return written.removesuffix(name).strip(), name


def dated(day: date, language: str) -> str:
    """A date with its month in words."""
    return str(message("{n,date,::yMMMMd}", language).format({"n": day}))


def minus(language: str) -> str:
    """The word before a negative number."""
    spelled = [message("{n,spellout}", language).format({"n": n}) for n in (-1, 1)]
    return str(spelled[0]).removesuffix(str(spelled[1])).strip()


def decimal_mark(language: str) -> str:
    """What stands before the tenths."""
    written = str(message("{n,number,::.0 latin}", language).format({"n": 0.5}))
    return "," if "," in written else "."


def _with(figures: str, value: float, skeleton: str, language: str) -> str:
    number = value if value % 1 else int(value)
    named = str(message(f"{{n,number,{skeleton} latin}}", language).format({"n": number}))
    return re.sub(r"\d(?:[\d.,'’\s]*\d)?", lambda _: figures, named, count=1)
