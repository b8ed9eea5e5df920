"""Names to invent people from: of the many origins of people in Britain, the commoner ones first.

Written down by hand for this purpose from general knowledge of how people are called; no register and no data set was
copied. Counts are not taken from them: `spread` only says that the first are much commoner than the last.
"""

import dataclasses
import functools
import itertools


@dataclasses.dataclass(frozen=True, slots=True)
class Origin:
    """Given and family names of one origin, and its share of the people."""

    name: str
    share: float
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]


_TEXT = """
english 0.56
: Margaret Susan Sarah Mary Elizabeth Patricia Karen Jean Christine Ann Julie Helen Linda Emma Jennifer Claire Nicola
 Jessica Laura Rebecca Charlotte Emily Sophie Hannah Lauren Chloe Jane Dorothy Joan Olivia Amelia Isla Ava Lily Grace
 Freya Evie Poppy Ella Daisy Ruby Alice Florence Phoebe Rosie Matilda Harriet Eleanor Lucy Holly Molly Abigail Georgia
 Katherine Catherine Victoria Samantha Joanne Tracey Sharon Deborah Debra Amanda Michelle Lisa Donna Louise Jacqueline
 Angela Alison Wendy Barbara Sandra Pamela Carol Carole Maureen Sheila Brenda Pauline Valerie Janet Gillian Hazel
 Irene Doris Edith Winifred Gladys Ethel Hilda Marjorie Phyllis Vera Joyce Beryl Audrey Sylvia Eileen Kathleen
 Josephine Teresa Theresa Bernadette Frances Judith Lesley Lynn Lynne Maria Marie Marion Marian Anne Anna Annette
 Rosemary Rose Ruth Naomi Esther Miriam Natalie Natasha Gemma Kelly Kirsty Stacey Stephanie Danielle Leanne Hayley Zoe
 Jodie Jade Amber Megan Bethany Paige Courtney Demi Shannon Caitlin Imogen Eliza Beatrice Martha Penelope Philippa
 Tabitha Verity Yvonne Constance Cynthia Diana Fiona Geraldine Heather Hilary Jill June Kay Lorna Lorraine Melanie
 Monica Nora Paula Rachel Rachael Rita Roberta Shirley Stella Tina Vanessa Veronica Vivien Virginia Agnes Ada Clara
 Cecilia Tamsin
: David John Michael Paul Andrew Peter James Robert Stephen Mark Richard Christopher William Thomas Daniel Matthew
 Anthony Ian Kevin Simon Philip Graham Alan Brian George Oliver Jack Harry Jacob Charlie Noah Oscar Alfie Leo Archie
 Joshua Samuel Joseph Adam Benjamin Luke Ryan Nathan Callum Connor Liam Jordan Kieran Lewis Dominic Edward Henry
 Frederick Albert Arthur Alfred Ernest Harold Walter Sidney Leonard Stanley Reginald Ronald Kenneth Raymond Derek
 Dennis Donald Douglas Gordon Roy Eric Frank Norman Cyril Bernard Maurice Gerald Geoffrey Terence Trevor Keith Malcolm
 Nigel Neil Stuart Gary Gareth Steven Sean Shaun Wayne Darren Jason Lee Craig Dean Glenn Scott Stewart Adrian
 Alexander Alistair Barry Bruce Carl Clive Colin Damian Duncan Francis Gavin Guy Howard Hugh Jeremy Jonathan Julian
 Justin Karl Laurence Lawrence Leslie Lionel Martin Marcus Mervyn Miles Neville Nicholas Patrick Percy Ralph Rodney
 Roger Roland Rupert Russell Sebastian Spencer Theodore Timothy Toby Tobias Victor Vincent Warren Zachary Elliot Ethan
 Finley Freddie Hugo Isaac Jasper Jude Kai Logan Louis Mason Max Maxwell Montague Nathaniel Owen Reuben Rory Rowan
 Stanley Tyler
: Smith Jones Taylor Brown Wilson Johnson Davies Walker Wright Robinson Thompson White Hughes Edwards Green Hall Wood
 Harris Lewis Clarke Martin Jackson Turner Cooper Hill Ward Moore Clark Baker Harrison Allen King Lee James Bailey
 Richardson Bennett Carter Cook Shaw Parker Collins Adams Simpson Marshall Cox Webb Mills Barnes Palmer Foster Knight
 Butler Barker Dixon Hunt Holmes Mason Gibson Rogers Stevens Stephens Fisher Lloyd Matthews Mitchell Ellis Young
 Pearce Chapman Rose Fox Payne Pearson Russell Spencer Watts Reynolds Fletcher Gardner Gardiner Newman Lawrence Lowe
 Bishop Bird Cole Day Dawson Dean Elliott Field Fowler French Frost George Goodwin Gregory Griffin Hart Harvey Hawkins
 Hayes Henderson Hudson Hutchinson Jarvis Jenkins Jennings Kemp Lambert Little Long Lucas Marsh May Miles Miller Moss
 Neal Nelson Newton Nicholls Nichols Norman Oliver Osborne Osborn Page Parry Perkins Perry Phillips Philips Poole
 Porter Potter Powell Pratt Read Reid Reed Rhodes Riley Rowe Sanders Saunders Savage Sharp Sharpe Short Simmons Slater
 Stone Sutton Swift Thornton Todd Townsend Tucker Underwood Vincent Wade Wallis Walsh Walton Warner Warren Waters
 Weston Whittaker Whitaker Wilkinson Willis Winter Woods Wyatt Yates Arnold Atkins Atkinson Austin Ball Banks Barrett
 Barton Bates Bentley Berry Blake Bolton Bond Booth Bradley Brooks Browne Bryant Bull Burgess Burns Burton Bush
 Buckley
welsh 0.05
: Sian Rhian Bethan Megan Cerys Catrin Angharad Eleri Ffion Gwen Gwyneth Nia Carys Mair Eirlys Delyth Glenys Menna Non
 Lowri Elin Seren Efa Mali Cadi Heledd Myfanwy Rhiannon Bronwen Branwen
: Gareth Rhys Huw Dylan Owain Ieuan Emyr Gwilym Hywel Iwan Aled Alun Geraint Dafydd Gethin Idris Ifan Llew Meirion
 Osian Macsen Tomos Steffan Sion Rhodri Trystan Wyn Eifion Elwyn Caradog
: Jones Williams Davies Evans Thomas Roberts Lewis Hughes Morgan Griffiths Edwards Owen Price Morris Phillips Rees
 Llewellyn Lloyd Powell Jenkins Pritchard Bowen Parry Howells Vaughan Watkins Gwynne Meredith Probert Prosser Pugh
 Beynon
scottish 0.07
: Fiona Morag Catriona Mhairi Eilidh Ailsa Isla Kirsty Shona Elspeth Jean Isobel Moira Sheena Aileen Rhona Iona Skye
 Lorna Heather Mairi Una Ishbel Jessie Effie Senga Netta
: Alasdair Angus Callum Cameron Craig Duncan Euan Ewan Fergus Finlay Fraser Gregor Hamish Iain Innes Keir Kenneth
 Lachlan Malcolm Murdo Neil Ross Rory Ruaridh Struan Blair Douglas Donald
: Campbell Stewart Robertson Thomson Anderson MacDonald McDonald Scott Murray Reid Ross Clark Paterson Morrison Graham
 Hamilton Ferguson Fraser Gordon Kerr Hunter McKenzie MacKenzie MacLeod McLeod Cameron Grant Duncan Sinclair Munro
 Wallace Bruce Buchanan Cunningham Drummond Farquhar Gillespie Innes Kinnear Laidlaw McAllister McEwan McGregor McKay
 McLean McMillan McNeil McPherson McTavish Muir Ogilvie Rennie Sutherland Urquhart Wishart
irish 0.06
: Siobhan Aoife Niamh Sinead Roisin Caoimhe Orla Grainne Ciara Deirdre Maeve Nuala Bridget Brigid Kathleen Maire
 Noreen Oonagh Fionnuala Assumpta Philomena Attracta Dervla Eimear Aine Aisling Saoirse
: Sean Patrick Michael Ciaran Eoin Cormac Conor Declan Diarmuid Eamonn Fergal Fintan Kevin Niall Oisin Padraig Ronan
 Seamus Tadhg Turlough Colm Brendan Cathal Donal Finbar Lorcan Malachy
: Murphy Kelly O'Sullivan Walsh O'Brien Byrne Ryan O'Connor O'Neill O'Reilly Doyle McCarthy Gallagher Doherty Kennedy
 Lynch Murray Quinn Moore McLoughlin Carroll Connolly Daly Nolan Dunne Brennan Burke Collins Fitzgerald Fitzpatrick
 Flynn Healy Higgins Kavanagh Keane Maguire McGrath McGuinness McCormack Mulligan O'Donnell O'Keeffe O'Leary O'Shea
 Rafferty Regan Sheehan Sweeney Tierney Toner
pakistani 0.05
: Ayesha Fatima Zainab Maryam Khadija Amina Saima Nasreen Shazia Rukhsana Samina Shabana Farzana Noreen Bushra Rubina
 Nazia Sadia Hina Iqra Aleena Zara Safa Mehreen Shaista Tahira Yasmin Parveen Kausar Shamim
: Mohammed Muhammad Ahmed Ali Hassan Hussain Imran Asif Tariq Khalid Nadeem Rashid Sajid Shahid Waqar Zahid Usman
 Bilal Hamza Ibrahim Yusuf Zain Faisal Adnan Kashif Irfan Javed Naveed Pervez Saleem Arshad Shabir
: Khan Hussain Ahmed Ali Malik Shah Mahmood Akhtar Iqbal Butt Mirza Chaudhry Choudhry Qureshi Sheikh Raja Bhatti
 Rehman Aslam Bashir Rafiq Zaman Siddiqui Hashmi Abbasi Awan Bibi Begum Mughal Nawaz
bengali 0.02
: Rahima Salma Shirin Nasima Rina Shahana Farida Hasina Jahanara Momena Sufia Tahmina Afroza Lutfa Monowara Parul
 Ruksana
: Abdul Mohammed Rahim Karim Shafiq Jamal Kamal Anwar Faruk Habibur Mizanur Nurul Rafiqul Shahin Tofail Ziaur Aminul
: Begum Khatun Miah Uddin Rahman Islam Hoque Chowdhury Ali Ahmed Hossain Sarkar Talukdar Bhuiyan Khanom Akter Sultana
indian 0.05
: Priya Anjali Sunita Meena Kavita Neha Pooja Rekha Shreya Nisha Asha Bhavna Hansa Jaya Kalpana Lata Manjula Nalini
 Pushpa Radha Savita Usha Varsha Harpreet Gurpreet Manjit Jaswinder Simran Kiran Sukhwinder Paramjit Amrit Lakshmi
 Divya
: Raj Amit Sanjay Vijay Rahul Anil Sunil Ashok Bharat Dinesh Hitesh Jayesh Kiran Mahesh Nilesh Pravin Ramesh Suresh
 Harpreet Gurdeep Jaspal Manjit Balbir Sukhdev Kuldip Amarjit Ranjit Arjun Rohan Krishnan Venkatesh Karthik
: Patel Singh Kaur Shah Sharma Mistry Desai Mehta Joshi Gill Sandhu Dhillon Sidhu Grewal Chauhan Solanki Parmar Gandhi
 Kapoor Malhotra Gupta Verma Reddy Rao Nair Pillai Iyer Menon Bains Johal Dhaliwal Rai Thakur Trivedi Amin Naidu
african 0.04
: Ngozi Chioma Amara Adaeze Ifeoma Folasade Titilayo Yetunde Abimbola Temitope Bukola Ama Akosua Abena Efua Adwoa Esi
 Fatou Mariam Hodan Sahra Ayaan Zahra Tendai Rudo Chipo Thandiwe Nomsa Wanjiru Akinyi Blessing Comfort Mercy Patience
: Chidi Emeka Obinna Chukwuemeka Oluwaseun Babatunde Adebayo Tunde Kehinde Taiwo Kwame Kofi Kwabena Yaw Kojo Kwasi
 Abdi Mohamed Abdullahi Hassan Tafadzwa Tinashe Farai Themba Sipho Kamau Otieno Emmanuel Samuel Godfrey Ebenezer Lamin
: Okafor Okonkwo Eze Nwosu Obi Adeyemi Adebayo Afolabi Ogunleye Balogun Oladipo Akinola Mensah Owusu Boateng Asante
 Osei Appiah Agyeman Amoah Hassan Abdi Ali Mohamed Warsame Farah Moyo Ndlovu Ncube Dube Sibanda Mwangi Kamau Ochieng
 Jallow
polish 0.03
: Agnieszka Katarzyna Malgorzata Anna Magdalena Joanna Monika Ewa Aleksandra Zofia Elzbieta Barbara Dorota Beata
 Justyna Karolina Natalia Paulina Zuzanna Maja Iwona Grazyna Danuta Halina
: Piotr Krzysztof Andrzej Tomasz Pawel Jan Michal Marcin Jakub Mateusz Lukasz Wojciech Grzegorz Stanislaw Zbigniew
 Rafal Kamil Bartosz Szymon Filip Dariusz Mariusz Slawomir Jacek
: Nowak Kowalski Wisniewski Wojcik Kowalczyk Kaminski Lewandowski Zielinski Szymanski Wozniak Dabrowski Kozlowski
 Jankowski Mazur Krawczyk Piotrowski Grabowski Pawlowski Michalski Krol Wieczorek Jablonski Wrobel Majewski Olszewski
 Stepien Malinowski Jaworski Adamczyk Dudek
european 0.04
: Maria Ioana Elena Andreea Mihaela Alexandra Cristina Ana Sofia Francesca Giulia Chiara Carmen Lucia Ines Beatriz
 Marta Oksana Olena Natalya Svetlana Iryna Ruta Egle Liga Ilze Greta Ingrid Astrid Amelie Camille Manon Heidi Katja
: Ion Andrei Mihai Alexandru Cristian Florin Gheorghe Marco Giuseppe Luca Antonio Carlos Jose Joao Pedro Miguel
 Oleksandr Dmytro Serhiy Vladimir Jonas Tomas Janis Klaus Jurgen Hans Pierre Laurent Julien Lars Sven Bjorn Nikos
 Dimitris
: Popescu Ionescu Popa Radu Stan Dumitru Rossi Russo Ferrari Esposito Bianchi Garcia Fernandez Rodriguez Silva Santos
 Ferreira Pereira Costa Shevchenko Kovalenko Bondarenko Petrov Ivanov Kazlauskas Berzins Muller Schmidt Weber Dubois
 Moreau Lefevre Jensen Hansen Papadopoulos Georgiou Nagy Kovacs Novak Horvat
turkish_arabic 0.02
: Ayse Fatma Emine Hatice Zeynep Elif Merve Nour Layla Amal Huda Rania Samira Yasmine Leila Salma Hanan Dalia Shirin
: Mehmet Mustafa Ahmet Huseyin Ibrahim Yusuf Omar Khaled Mahmoud Karim Tarek Youssef Samir Nabil Bassam Reza Farhad
 Ozan
: Yilmaz Kaya Demir Celik Sahin Yildiz Ozturk Aydin Arslan Dogan Haddad Khoury Mansour Saleh Nasser Hamdan Aziz Karimi
 Hosseini Ahmadi Al-Masri Al-Khatib El-Sayed Darwish
chinese_vietnamese 0.01
: Mei Li Xiu Ying Hui Fang Jing Yan Lan Xia Min Hong Lin Wei Yu Ling Thi Linh Huong Nga Trang Siu Wai Ka
: Wei Jian Ming Chun Hao Jun Tao Bo Feng Lei Yang Kai Cheng Chi Ho Kin Van Duc Minh Tuan Hung Quang Wai Ka
: Wang Li Zhang Liu Chen Yang Huang Wu Zhao Zhou Wong Chan Lau Cheung Ng Lam Leung Tsang Nguyen Tran Le Pham Vu Ho
"""
# What English family names of places are made of, for the long tail of rare ones.
_STARTS = (
    "Ash Ald Bar Beck Birk Black Brad Bram Brid Brock Burn Cald Carl Clay Clif Col Cram Crom Dal Den Dray Dun East El "
    "Fair Farn Fen Gar Gold Gran Hart Has Hawk Hazel Hol Hor Ken Kirk Lang Lin Long Mal Mar Mel Mid Mor Nor Oak Pen "
    "Pres Rad Rams Red Rock Row Rush Sal Sand Shel Ship Stan Stock Strat Sut Thorn Trev Tun Wad Wake Wal Well West "
    "Whit Wil Win Wood Wy"
)
_ENDS = (
    "bourne brook bury by combe cott croft dale den don field ford gate grove ham hurst land ley low man mere more "
    "pole ridge rick shaw side stead stone ston thorpe ton wade wall water way well wick wood worth yard"
)


@functools.cache
def origins() -> tuple[Origin, ...]:
    """All origins; their shares make one."""
    found = []
    for block in _blocks():
        head, women, men, families = (part.split() for part in block.split(":"))
        rare = tuple(start + end for start in _STARTS.split() for end in _ENDS.split()) if head[0] == "english" else ()
        found.append(Origin(head[0], float(head[1]), tuple(women), tuple(men), (*families, *rare)))
    return tuple(found)


def _blocks() -> list[str]:
    """The text, cut before each line that names an origin."""
    blocks: list[str] = []
    for line in _TEXT.strip().splitlines():
        if line[0] not in ": ":
            blocks.append("")
        blocks[-1] += f"{line}\n"
    return blocks


@functools.cache
def spread(count: int, *, flat: float) -> tuple[float, ...]:
    """Cumulative weights that fall from the first name to the last, as names do; the larger `flat`, the more evenly."""
    return tuple(itertools.accumulate(1 / (position + flat) for position in range(count)))
