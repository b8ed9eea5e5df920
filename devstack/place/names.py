"""Names of the many origins that live in one English county, with the customs by which families carry them."""

import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a family's names come from."""

    name: str
    weight: float
    female: tuple[str, ...]
    male: tuple[str, ...]
    families: tuple[str, ...]
    # Names given to people born before 1975, where fashion changed; empty: the same names.
    older_female: tuple[str, ...] = ()
    older_male: tuple[str, ...] = ()
    # Part of the couples in which both carry one family name.
    shares_name: float = 0.75


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_BRITISH_FAMILIES = _words(
    "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patterson Wright Walker White Edwards Green Hall "
    "Wood Harris Lewis Martin Jackson Clarke Clark Turner Hill Cooper Morris Ward Moore King Watson Baker "
    "Harrison Morgan Young Allen Mitchell Phillips Lee Bell Parker Davis Bennett Miller Shaw Cook Price "
    "Richardson Marshall Collins Carter Bailey Gray Adams Howard Mills Foster Barker Chapman Webb Rogers Hunt "
    "Palmer Holmes Powell Lloyd Butler Barnes Knight Fisher Matthews Pearson Fletcher Dixon Holland Spencer "
    "Lawrence Andrews Hawkins Reynolds Trevorrow Penrose Tregenza Polglase Pascoe Nankivell Ackroyd Braithwaite "
    "Ogden Sugden Entwistle MacDonald Campbell Stewart Robertson McKenzie Sinclair Griffiths Llewellyn Pritchard "
    "Bevan Featherstone Winterbottom Threlfall Postlethwaite Ramsbottom Hebblethwaite"
)
_BRITISH_FEMALE = _words(
    "Olivia Amelia Isla Ava Ivy Freya Lily Florence Mia Willow Rosie Sophia Grace Daisy Sophie Emily Jessica "
    "Chloe Lauren Charlotte Hannah Bethany Megan Amy Rebecca Laura Gemma Kirsty Leanne Natalie Victoria Emma "
    "Sarah Nicola Claire Kelly Lisa Joanne Rachel Katie Zoe Holly Abigail Ellie Poppy Evie Elsie Harriet Phoebe "
    "Alice Ruby Matilda Esme Imogen Eleri"
)
_BRITISH_MALE = _words(
    "Noah George Oliver Arthur Leo Harry Oscar Archie Henry Theodore Freddie Jack Charlie Thomas Alfie Joshua "
    "James William Daniel Matthew Luke Ryan Liam Callum Connor Jordan Adam Lewis Nathan Aaron Christopher Lee "
    "Craig Darren Scott Stuart Gareth Rhys Owen Ewan Hamish Ben Samuel Joseph Jacob Ethan Dylan Toby Louis Max "
    "Reuben Finley Harvey Jamie Kieran Kyle"
)
_BRITISH_OLDER_FEMALE = _words(
    "Margaret Jean Dorothy Patricia Sheila Joan Mary Maureen Doreen Barbara Brenda Pamela Sylvia Irene Beryl "
    "Joyce Audrey Susan Christine Linda Carol Jacqueline Janet Gillian Lesley Elaine Lorraine Denise Marjorie "
    "Hilda Edna Vera Gladys Ann"
)
_BRITISH_OLDER_MALE = _words(
    "John David Peter Michael Brian Alan Derek Kenneth Ronald Raymond Roy Keith Dennis Gordon Eric Stanley Albert "
    "Ernest Trevor Malcolm Barry Colin Roger Graham Geoffrey Terence Clive Nigel Stephen Paul Ian Kevin Robert "
    "Anthony Philip Neil"
)

ORIGINS = (
    Origin(
        "british", 60, _BRITISH_FEMALE, _BRITISH_MALE, _BRITISH_FAMILIES, _BRITISH_OLDER_FEMALE, _BRITISH_OLDER_MALE,
        shares_name=0.7,
    ),
    Origin(
        "irish", 4,
        _words("Aoife Siobhán Niamh Caoimhe Róisín Sinéad Orla Clodagh Gráinne Bridget Maeve Ciara"),
        _words("Seán Pádraig Cormac Declan Eoin Fergus Brendan Diarmuid Niall Patrick Tadhg Oisín"),
        _words("O'Brien Murphy O'Sullivan Kelly Byrne Ryan O'Connor Doyle McCarthy Gallagher O'Reilly Fitzgerald"),
    ),
    Origin(
        "polish", 4,
        _words("Agnieszka Małgorzata Katarzyna Zofia Elżbieta Joanna Magdalena Grażyna Natalia Zuzanna"),
        _words("Łukasz Paweł Krzysztof Tomasz Michał Wojciech Grzegorz Stanisław Jakub Kacper"),
        _words(
            "Kowalski Wiśniewski Wójcik Kamiński Lewandowski Zieliński "
            "Szymański Nowak Dąbrowski Kozłowski Jabłoński Mazur"
        ),
        shares_name=0.9,
    ),
    Origin(
        "romanian", 3,
        _words("Ioana Andreea Mihaela Cristina Elena Daniela Ștefania Roxana Gabriela"),
        _words("Andrei Ștefan Mihai Alexandru Cătălin Ionuț Florin Cristian Răzvan"),
        _words("Popescu Ionescu Dumitru Stan Gheorghe Constantinescu Munteanu Rusu Șerban Ciobanu"),
    ),
    Origin(
        "pakistani", 5,
        _words("Aisha Fatima Zainab Saima Nasreen Shazia Rukhsana Maryam Iqra Samina Bushra"),
        _words("Mohammed Muhammad Imran Usman Tariq Asif Bilal Hamza Zahid Shahid Faisal"),
        _words("Khan Hussain Ahmed Malik Iqbal Akhtar Mahmood Mirza Butt Chaudhry Raja Bibi"),
        shares_name=0.45,
    ),
    Origin(
        "punjabi", 2,
        _words("Harpreet Gurpreet Jaswinder Manjit Sukhwinder Amandeep Simran Kuldip"),
        _words("Gurpreet Harjinder Balwinder Manjit Jagdeep Arjan Sukhdev Kuldip"),
        _words("Singh Gill Sandhu Dhaliwal Sidhu Grewal Bains"),
        shares_name=0.6,
    ),
    Origin(
        "gujarati", 3,
        _words("Priya Hetal Nisha Bhavna Kinjal Jyoti Meera Falguni"),
        _words("Rajesh Nilesh Hitesh Kiran Dipak Jayesh Amit Vishal"),
        _words("Patel Shah Desai Mistry Parmar Solanki Chauhan"),
        shares_name=0.9,
    ),
    Origin(
        "bangladeshi", 2.5,
        _words("Nasima Rahima Shirin Sultana Farzana Ayesha Rina Taslima"),
        _words("Abdul Shafiqul Mohammed Rafiq Kamal Jamal Nurul Habib"),
        _words("Begum Rahman Uddin Miah Ali Islam Chowdhury Khatun"),
        shares_name=0.25,
    ),
    Origin(
        "nigerian", 3,
        _words("Chioma Ngozi Folake Adaeze Yetunde Blessing Ifeoma Temitope Oluwaseun Zainab"),
        _words("Chinedu Emeka Babatunde Olumide Tunde Segun Ikechukwu Obinna Oluwaseun Musa"),
        _words("Okafor Adeyemi Okonkwo Balogun Adebayo Eze Nwosu Ogunleye Abubakar Onyekachi Olawale"),
    ),
    Origin(
        "ghanaian", 1.5,
        _words("Akosua Abena Adwoa Efua Ama Esi"), _words("Kwame Kofi Kwabena Yaw Kojo Kwaku"),
        _words("Mensah Owusu Boateng Asante Osei Appiah Agyeman"),
    ),
    Origin(
        "caribbean", 2,
        _words("Shanice Tanisha Marcia Yvonne Monique Sharon Beverley Keisha"),
        _words("Winston Delroy Marlon Leroy Dwayne Tyrone Devon Jermaine"),
        _words("Campbell Francis Grant Samuels Gordon Reid Bailey Blake Morrison Thompson"),
        shares_name=0.5,
    ),
    Origin(
        "chinese", 1.5,
        _words("Mei Xiaoyan Li-Hua Wai-Ling Yan Jing Siu-Fong Hui"),
        _words("Wei Jun Chi-Ming Ka-Ho Tao Kwok-Wai Hao Lei"),
        _words("Wong Chan Li Zhang Wang Chen Liu Cheung Lam Leung Yip"),
        shares_name=0.3,
    ),
    Origin(
        "somali", 1.5,
        _words("Hodan Amina Fadumo Ifrah Khadra Sagal Halima"),
        _words("Abdi Mohamed Yusuf Abdirahman Hassan Guled Ismail"),
        _words("Warsame Jama Farah Hersi Abdullahi Mohamud Elmi Nur"),
        shares_name=0.05,
    ),
    Origin(
        "arab", 2,
        _words("Layla Noor Hanan Rania Yasmin Huda Amal"), _words("Omar Khaled Youssef Karim Samir Mahmoud Bashar"),
        ("Al-Masri", "Haddad", "Khoury", "Al-Hassan", "El Amin", "Najjar", "Darwish", "Aziz"),
        shares_name=0.4,
    ),
    Origin(
        "ukrainian", 1.5,
        _words("Oksana Olena Iryna Nataliya Kateryna Svitlana"),
        _words("Oleksandr Andriy Volodymyr Serhiy Bohdan Taras"),
        _words("Shevchenko Kovalenko Bondarenko Tkachenko Kravchuk Melnyk Polishchuk"),
    ),
    Origin(
        "turkish", 1,
        _words("Ayşe Fatma Elif Zeynep Gülsüm"), _words("Mehmet Mustafa Emre Hakan Çağlar"),
        _words("Yılmaz Kaya Demir Çelik Şahin Öztürk"),  # noqa: RUF001 - the dotless i is meant
    ),
    Origin(
        "portuguese", 1,
        _words("Inês Conceição Fátima Joana Luísa"), _words("João Gonçalo Rui Tiago Nuno"),
        ("da Silva", "Gonçalves", "dos Santos", "Ferreira", "Magalhães", "Araújo"),
        shares_name=0.4,
    ),
    Origin(
        "vietnamese", 0.5,
        _words("Linh Thảo Hương Ngọc Mai"),
        _words("Minh Tuấn Quang Dũng Phong"),
        ("Nguyễn", "Trần", "Phạm", "Lê", "Hoàng"),
        shares_name=0.1,
    ),
)  # fmt: skip

# Family names whose form follows the bearer's gender.
_FEMININE = {"ski": "ska", "cki": "cka", "zki": "zka"}


def draw_origin(stream: random.Random) -> Origin:
    """An origin, as often as it occurs."""
    return stream.choices(ORIGINS, weights=[origin.weight for origin in ORIGINS])[0]


def given_names(origin: Origin, gender: str, birth_year: int) -> tuple[str, ...]:
    """Given names that people of this origin, gender and age carry."""
    if birth_year < 1975 and origin.older_female:
        return origin.older_female if gender == "female" else origin.older_male
    return origin.female if gender == "female" else origin.male


def draw_given(stream: random.Random, origin: Origin, gender: str, birth_year: int) -> str:
    """One of these names."""
    return stream.choice(given_names(origin, gender, birth_year))


def family_form(family: str, gender: str, origin: Origin) -> str:
    """The form of a family name that somebody of this gender carries: Kowalska, Kaur."""
    if gender != "female":
        return family
    if origin.name == "punjabi" and family == "Singh":
        return "Kaur"
    if origin.name == "polish" and family[-3:] in _FEMININE:
        return family[:-3] + _FEMININE[family[-3:]]
    return family
