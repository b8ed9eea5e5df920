"""Given names and their short and pet forms: general tables, and the rules by which such forms are made.

The table below is our own; the other one is that of the `nicknames` package (Apache-2.0), forms of English names.
"""

import dataclasses
import functools

import nicknames as published

# One group of forms between two bars.
_GROUPS = (
    "abigail abbie abby gail abi | adam ad addy | agnes aggie nessie agneta | albert al bert bertie | alexander "
    "alex al sandy alec xander sasha lex alexandre aleksander alick | alexandra alex sandra lexi sasha ali sandy "
    "alexa alexis | alfred alf alfie fred al | alan allan allen al | alice allie ally ali elsie | alison ali ally "
    "allison | alyssa ally lyssa | amanda mandy manda | amelia mel millie amy melia emilia | andrew andy drew "
    "andrea andre | angela angie ange angelina | ann anne anna annie nan nancy hannah anya | anthony tony ant "
    "antony | antonia toni tonia | archibald archie baldie | arthur art arty artie | barbara barb babs barbie "
    "bobbie | bartholomew bart bartie | beatrice bea trixie beatrix | benjamin ben benny benji | bernard bernie "
    "barney | bernadette bernie detta | beverley bev beverly | bradley brad | brandon brandy bran | brenda bren "
    "brandy | bridget bridie biddy brigid | cameron cam cammie | carol caroline carolyn carrie caro lyn cassie "
    "carla | catherine katherine kathryn catharine katharine cathy kathy kate katie kat cath kath kitty kittie kay "
    "cat katy kathleen | kathleen kath kathy kate kay katie | cecilia cissie celia cecily | charles charlie chas "
    "chuck chaz carl | charlotte charlie lottie lotte char sherry lotty | chloe clo | christina christine chris "
    "tina chrissie kirsty kris kristina kristine christy | christopher chris kit topher kris | clare claire clara | "
    "clifford cliff clifton | constance connie | cynthia cindy cintha cyndi | daniel dan danny | danielle dani "
    "dannie ella | david dave davy davie | deborah debra deb debbie debby | dennis denis den denny dennie | derek "
    "del rick ricky derrick | diana diane di dianne | dominic dom nick dominick | donald don donny | dorothy dot "
    "dottie dolly dora dee | douglas doug dougie | duncan dunk | edith edie | edmund ed ted ned eddie | edward ed "
    "eddie ted teddy ned | edwin ed eddie ned edwyn | eileen ellie aileen | eleanor ellie nell nora elle lena "
    "elinor leonora | elizabeth liz lizzie beth betty eliza elsie libby lisa bess betsy liza elisabeth lisbeth "
    "bessie | ellen nell ellie helen nellie | emily em emmy millie | emma em emmy | ernest ernie | eugene gene | "
    "evelyn eve evie | florence flo florrie flossie | frances fran frankie fanny francesca | francesca fran frankie "
    "chessie | francis frank frankie fran | frederick fred freddie freddy rick frederic | gabriel gabe | gabrielle "
    "gabby gaby | geoffrey jeffrey geoff jeff | george georgie | georgina georgie gina georgia georgiana | gerald "
    "gerry jerry | geraldine gerry geri | gerard gerry jerry | gillian gill jill jilly gilly jillian | gordon gord "
    "| graham graeme | gregory greg | gwendolyn gwen gwenda wendy | harold harry hal | harriet hattie harry etta | "
    "heather hettie | helen nell ellie helena ella lena | henrietta hettie etta hattie | henry harry hal hank | "
    "herbert bert herb bertie | hilary hil | horace harry | hugh huw hughie hugo | irene renee rena renie | isaac "
    "ike zac | isabella isabel isobel bella izzy ella belle isabelle | ivan john ian | jacob jake jack coby jay | "
    "jacqueline jackie jacqui jacquie | james jim jimmy jamie jem | jane janey jenny janet jean | janet jan jane | "
    "janice jan jani | jason jay | jasmine jas jazz yasmin | jean jeannie jeanette jeanie | jennifer jen jenny "
    "jenni jennie | jeremy jerry jez jeremiah | jessica jess jessie | joan joanie jo jean | joanna joanne jo annie "
    "joann | john jack johnny jon ian sean evan ivan jock | jonathan jon jonny john jonathon | jordan jordy jordie "
    "| joseph joe joey jo jos | josephine jo josie jojo | joshua josh | joyce joy | judith judy jude judi | julia "
    "julie jules juliet julianna jill | julian jules jools | june junie | karen kaz karin | kenneth ken kenny | "
    "kevin kev | kimberley kim kimberly | laura laurie lori lauren loz | lauren laurie loz ren | lawrence laurence "
    "larry laurie lars | leonard len lenny leo leon | leslie lesley les | lewis louis lou lew | lillian lily lil "
    "lilian | linda lynda lindy lyn lin | louise lou louisa | lucinda lucy cindy lucie | lucy lucia lulu lucille | "
    "lynne lynn lyn lynette | madeleine maddie madeline | malcolm mal | margaret maggie meg peggy marge margie "
    "greta daisy rita madge margo margery megan peg | maria marie mary mia | marian marion mary | marilyn mary lyn "
    "| marjorie marge margie | mark marc marcus | martha mattie marty | martin martyn marty | mary molly polly may "
    "mamie marie maria mae | matthew mathew matt | matilda tilly mattie tilda | maureen mo reenie mary | maurice "
    "morris mo | maxwell maximilian max | melanie mel | melissa mel lissa missy | melvin mel | mervyn merv | "
    "michael mike mick micky mikey | michelle shell shelly chelle | mildred millie | miriam mimi mitzi | mitchell "
    "mitch | mohammed muhammad mohamed mohammad mo muhammed mohamad | monica mon | nancy nan | natalie nat nattie | "
    "natasha tash tasha nat | nathan nat nate nathaniel | nicholas nick nicky nicolas | nicola nicky nic nikki "
    "nicole | norman norm | oliver ollie | olive ollie livvy | olivia liv livvy ollie | oscar ossie | oswald ozzie "
    "ossie | owen eoin | pamela pam | patience pat patty | patricia pat patsy trish tricia paddy patty trisha | "
    "patrick pat paddy rick | paula paulina pauline polly lina | penelope penny pen | peter pete | philip phillip "
    "phil pip | philippa pippa pip | phyllis phyl | priscilla prissy cilla | rachel rachael rach | ralph raff rafe "
    "| raymond ray | rebecca becky becca beck | reginald reg reggie | rhiannon rhi | richard rich rick dick ricky "
    "dickie richie | robert rob bob bobby robbie bert | roberta bobbie robbie | robin rob robyn | roderick rod "
    "roddy | rodney rod | roger rog | roland roly rollo | ronald ron ronnie | rosalind ros roz rosie | rosemary "
    "rose rosie marie | rose rosie rosa | rowena ro | roy ray | rupert rup | russell russ | ruth ruthie | sally sal "
    "sarah | samantha sam sammy | samuel sam sammy | sandra sandy sandie | sara sarah sadie sal sally | sean shaun "
    "shawn | sharon shaz shelly | sheila shelagh | shirley shirl | simon si | sophie sophia soph | spencer spence | "
    "stanley stan | stephanie steph stevie | stephen steven steve stevie | stewart stuart stu | susan sue susie "
    "suzy susannah suzanne sukie | sylvia syl silvia | terence terry tel terrence | teresa theresa terry tess tessa "
    "tracy | theodore ted theo teddy | thomas tom tommy thom | timothy tim timmy | tobias toby | trevor trev | "
    "tyler ty | valentine val | valerie val | vanessa nessa | vernon vern | veronica ronnie vera roni | victor vic "
    "| victoria vicky tori vic vikki | vincent vince vinny | virginia ginny | vivien vivienne viv vivian | walter "
    "wally walt | wendy wen gwendolyn | wilfred wilf fred | william will bill billy willy liam wills | winifred win "
    "winnie fred | yvonne vonnie von | zachary zac zach zack zachariah | zoe zo | abdul abdel abd | aleksander "
    "aleks olek alek | agnieszka aga | andrzej jedrek | elzbieta ela | ewa eva | grzegorz grzesiek | jan janek | "
    "joanna asia | katarzyna kasia | krzysztof krzys | malgorzata gosia | magdalena magda lena | pawel paul | "
    "tomasz tomek | zofia zosia | ioana oana | oleksandr sasha oleksander | volodymyr vova | yusuf yousef youssef | "
    "ibrahim ebrahim | aisha ayesha ayisha | fatima fatimah | hussain husain hussein | ahmed ahmad ahmet | khaled "
    "khalid | yasmin yasmine | siobhan shivaun | caoimhe keeva | aoife eva | padraig patrick | oluwaseun seun | "
    "oluwatobi tobi | babatunde tunde | temitope temi tope | chukwuemeka emeka | ifeoma ify | harpreet preet | "
    "alicia lisa ali | annabel annabelle bella anna | annette nettie annie anne | anita nita | brian bryan bryant | "
    "christian chris kit | cory corey coco | elaine lainie | ezekiel zeke | howard howie hal | jeanette nettie jean "
    "| jody jodie joanna joanne josephine judith | joel joe | katrina trina catrina kat | leanne annie lee | linda "
    "lynn lynne | melody mel | micheal michael mike mick micky | naomi omi nao | nicole nicky nic nikki | rachel "
    "shelly rae | randall randy randolph | rusty russell | scott scotty | sheridan sherry cheryl | cheryl sheryl "
    "chez sherry | sydney sidney sid syd | tracey tracy trace | trisha tricia patricia | vincent vic | warren wally "
    "| gwyneth gwen | howell hywel | ieuan euan ewan iain ian | catriona katrina cat | morag marion | hamish james "
    "seumas | alasdair alistair alastair al ally | eamonn edmund eamon | liam william | nuala fionnuala | maire "
    "mary | gurdeep gurpreet guri | simran simranjit | mandeep amandeep deep | nasreen nasrin | saima saimah | "
    "zainab zaynab zeinab | sofia zofia sophia | mihaela michaela | gheorghe george | wojciech wojtek | stanislaw "
    "staszek stan | mateusz matthew | jakub kuba jacob | kacper casper | jose joseph pepe | joao john | francisco "
    "frank paco | giovanni john gianni | giuseppe joseph beppe | antonio tony | yolanda yoli "
)
# Endings that make a pet form of a stem: Ben-ny, Char-lie, Ellie.
_ENDINGS = ("ie", "ey", "ee", "y", "i")
_LAST = tuple({ending[-1] for ending in _ENDINGS})
_SHORTEST_STEM = 3


@functools.lru_cache(maxsize=65_536)
def stem(name: str) -> str:
    """The name without the ending of a pet form, by which Maggie, Maggy and Maggi are one."""
    if not name.endswith(_LAST):
        return name
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) - len(ending) >= _SHORTEST_STEM:
            found = name[: -len(ending)]
            # Benny, Tommy: the last letter of the stem was doubled.
            return found[:-1] if len(found) > _SHORTEST_STEM and found[-1] == found[-2] else found
    return name


def _forms() -> list[list[str]]:
    """Our own groups, and each pair of the published table: there two forms of one name need not be one another's."""
    pairs = published.NickNamer().nickname_lookup
    return [
        *(group.split() for group in _GROUPS.split("|")),
        *([name, form] for name in sorted(pairs) for form in sorted(pairs[name])),
    ]


def _index() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, group in enumerate(_forms()):
        for name in group:
            found.setdefault(name, set()).add(number)
            if stem(name) != name:
                found.setdefault(f"{stem(name)}-", set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


_INDEX = _index()
_NONE: frozenset[int] = frozenset()


@functools.lru_cache(maxsize=65_536)
def groups(name: str) -> frozenset[int]:
    """The groups of forms in which a name stands, by number."""
    found, short = _INDEX.get(name, _NONE), stem(name)
    return found if short == name else found | _INDEX.get(f"{short}-", _NONE)


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """What is known of the forms of names; `forgotten` names have none, to measure how unknown ones fare."""

    forgotten: frozenset[str] = frozenset()

    def share_a_form(self, left: str, right: str) -> bool:
        """Whether both are forms of one name in the table."""
        if left in self.forgotten or right in self.forgotten:
            return False
        return not groups(left).isdisjoint(groups(right))


KNOWN = Table()


def names_with_forms() -> dict[str, tuple[str, ...]]:
    """Every name of the tables with its other forms, in order."""
    found: dict[str, set[str]] = {}
    for group in _forms():
        for name in group:
            found.setdefault(name, set()).update(other for other in group if other != name)
    return {name: tuple(sorted(found[name])) for name in sorted(found)}


def one_shortens_the_other(left: str, right: str) -> bool:
    """Whether one is made from the other by leaving out its end or its beginning: Ben, Benny; Torie, Victoria."""
    short, long = (left, right) if len(left) <= len(right) else (right, left)
    part = stem(short)
    return len(part) >= _SHORTEST_STEM and len(long) > len(part) and part in long
