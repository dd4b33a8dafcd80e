/** Small words inside names, which may be there or not: they carry no weight of their own. */
export const particles: ReadonlySet<string> = new Set(
  `al el ul ar as ash az ad an at il bin ibn ben bint bent binti ould wuld son van von der den de di da
   do dos das del della du la le les ter ten zu zum y e i and of the ze mr mrs ms dr sheikh shaykh sheik
   haji hajj hajji mullah mawlawi maulavi sayyid sayed syed hafiz qari ustad seyyed general colonel`.split(
    /\s+/,
  ),
);

/** Legal forms, in Latin letters after transliteration: left out, for they are written in many ways. */
export const companyForms: ReadonlySet<string> = new Set(
  `ltd limited llc llp lp inc incorporated corp corporation co company plc gmbh ag kg ohg ug sa sarl sas
   spa srl bv nv ab oy as aps asa kft zrt sro doo dd ad ood eood ooo oao zao pao ao jsc ojsc cjsc pjsc
   ojs fze fzco fzc fzllc wll bsc sal sae pte pvt pty sdn bhd tbk pt cv kk gk est establishment group
   holding holdings`.split(/\s+/),
);

/** Legal forms in scripts that do not separate words. */
export const companyFormsUnspaced: readonly string[] = [
  "股份有限公司",
  "有限责任公司",
  "有限公司",
  "公司",
  "株式会社",
  "주식회사",
  "유한회사",
];

/** One name in the spellings of many languages: each line is one name. */
const variantLines = `
mohammed mohammad muhammad mohamed mohamad muhammed muhamad mohammod mahomet mehmet mohd muhamed
ahmed ahmad achmad ahmet akhmed akhmad akhmat achmed
hussein hussain husayn hossein hosein husein hussien huseyin khusein hoseyn
yusuf yousef youssef yusef joseph yousif yosef iosif josef giuseppe jose usef
ibrahim ebrahim abraham ibragim brahim avraham
ismail ismael esmail esmaeil ishmael
yahya yehia yahia iahia
omar umar omer ummar
osama usama oussama
othman osman uthman usman ousmane
khalid khaled halid
said saeed saeid sayid saed
mahmoud mahmud mahmood makhmud
mustafa mostafa moustafa mustapha moustapha
sulaiman suleiman sulayman soliman suleyman solomon sleiman
jamal gamal djamal cemal jamaal dzhamal
hassan hasan khasan
tariq tarek tarik tareq
qasim qassem kassem kasim qasem ghasem gasem
daud dawood daoud david dawud davud
aleksandr alexander alexandre oleksandr aleksander alejandro alessandro iskander aliaksandr
aleksei alexey aleksey alexei alexis oleksiy oleksii aliaksei alexej
sergei sergey serge sergiy serhiy serhii siarhei sergio sergej
yevgeny evgeny eugene evgenii yevgeniy evgeniy yevhen ievgen eugen eugenio
dmitry dmitri dmitriy dmitrii dimitri dmytro dzmitry dimitry
mikhail michael mykhailo mihail michail mikhael miguel michel mikail mykhaylo
nikolai nikolay nicholas mykola nikolaj nicolas nikola mikalai
vladimir volodymyr wladimir uladzimir vladimer
yuri yuriy iurii yury yurii jurij youri iouri juri
andrei andrey andrew andriy andrii andrej andre andreas andrzej
ivan iwan john johann johannes jean ioann ian jan juan giovanni joao
piotr petr peter pyotr petro pedro pierre pietro
pavel paul pavlo pablo paulo paolo pawel
igor ihor
grigory grigoriy grigorii gregory hryhoriy grzegorz
konstantin constantine kostiantyn konstantinos constantin
vasily vasiliy vasilii vasyl basil wasily
georgy georgiy georgii george jerzy jorge giorgi heorhii georg
oleg oleh olegh
irina iryna irene
yelena elena helen olena helena jelena
natalia natalya nataliya nathalie nataliia
tatiana tatyana tetiana tetyana
yekaterina ekaterina katherine catherine kateryna katerina
zhang chang cheung teo
chen chan tan tran
wang wong ong vuong
li lee lei yi rhee ri i
liu lau low lieu
huang wong hwang ng hoang
wu ng goh woo
zhou chow chou chau
xu hsu hui chui
zhao chao chiu trieu
guo kuo kwok quach
lin lam lim
he ho
yang yeung young
cai tsai choi choy
zheng cheng tay teng
xie hsieh tse
gim kim
bag park pak bak
choe choi chey
jeong jung jong chung chong joung
gang kang
jo cho joe
yun yoon youn
jang chang
im lim rim yim
sin shin
seo suh so
gwon kwon
an ahn
ryu yoo yu you ryoo
o oh
jeon chun jun chon
go ko koh
mun moon
son sohn
bae pae
baeg baek paik paek back
heo hur huh ho
sim shim
no noh roh ro
gwag kwak
seong sung song
u woo wu
gu koo ku
hyeon hyun hyon
yeong young yong
hui hee
su soo
gyeong kyung kyong
cheol chul chol
eun un
jun joon
cheon chun
ug uk wook
sug suk sook
gyu kyu
dong tong
gi ki
guk kuk kook gug
hyeog hyuk hyok
gil kil
nguyen nguyn
`;

/** Short and pet forms beside the names that they stand for: each line is one name. */
const nicknameLines = `
aleksandr alexander sasha alex sacha oleksandr shura sandro
mikhail michael misha mike mick mykhailo
vladimir volodymyr vova volodya vlad
dmitry dmitri dmitriy dima mitya
nikolai nikolay kolya nick nicholas nico
sergei sergey seryozha serge
ivan vanya
yevgeny evgeny zhenya eugene gene
aleksei alexey alyosha lyosha alex
pavel pasha paul
konstantin kostya
grigory grisha greg gregory
anatoly tolya anatoliy
viktor vitya victor vic
boris borya
yuri yura yuriy
yekaterina ekaterina katya kate catherine
maria masha mary mariya
natalia natasha
tatiana tanya
anastasia nastya
william bill will billy liam
robert bob rob bobby
richard rick dick rich
james jim jimmy
john jack johnny
joseph joe
thomas tom tommy
charles charlie chuck
edward ed eddie ted
anthony tony
elizabeth liz beth betty
margaret maggie peggy
francisco paco pancho
jose pepe
ignacio nacho
manuel manolo
eduardo lalo
guillermo memo
enrique quique
jesus chucho
johannes hans
friedrich fritz
daniel dan danny
samuel sam
matthew matt
christopher chris
stephen steve steven stefan
benjamin ben
patrick pat
`;

/** Word → the numbers of the lines in which it stands. */
function byWord(lines: string): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  for (const [number, line] of lines.trim().split("\n").entries()) {
    for (const word of line.trim().split(/\s+/)) {
      found.set(word, [...(found.get(word) ?? []), number]);
    }
  }
  return found;
}

export const variants = byWord(variantLines);
export const nicknames = byWord(nicknameLines);
