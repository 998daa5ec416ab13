/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INT 13h: the first hard disk, from the platform's disk image, never written (RBIL INT 13; EDD 3.0). Geometry, limits and answers are SeaBIOS 1.16.2's. */
#include "models/bios_impl.h"

#define SECTOR     512u
#define DRIVE_HARD 0x80u

/* RBIL table #00234. */
#define DISK_OK              0x00
#define DISK_BAD_PARAMETER   0x01
#define DISK_WRITE_PROTECTED 0x03

#define CHS_COUNT_MAX 128u /* sectors of one call */
#define TYPE_HARD     0x03 /* AH=15h */

/* The two geometries of a drive: the BIOS's, with more heads the more there is (Phoenix EDD 1.1, LBA-assisted translation), and the drive's own (ATA-5 annex C). */
#define CHS_SECTORS       63u
#define CHS_CYLINDERS_MAX 1024u
#define ATA_HEADS         16u
#define ATA_CYLINDERS_MAX 16383u

/* EDD 3.0 table 3-1, and what of it is supported: extended access, removable drives, drive parameters. */
#define EDD_MAGIC_REPLY 0xaa55u
#define EDD_VERSION     0x30
#define EDD_SUBSETS     0x0007u

/* EDD 3.0 table 8-2: bytes of the parameters in each version of the document, and the T13 draft's longer path. */
#define EDD_SIZE_1      26u
#define EDD_SIZE_2      30u
#define EDD_SIZE_3      66u
#define EDD_SIZE_T13    74u
#define EDD_GEOMETRY_OK BIT(1)
#define EDD_PATH_KEY    0xbeddu
#define EDD_PATH        30u /* where the device path begins */

#define PACKET_SIZE   16u
#define CD_PACKET     0x13u /* El Torito 1.0, figure 5 */
#define IDE_PORT      0x1f0u
#define IDE_CONTROL   0x3f6u
#define IDE_DRIVE_LBA 0xe0
#define IDE_IRQ       14

struct geometry {
	uint32_t cylinders, heads; /* of CHS_SECTORS each */
};

static bool has_drive(const struct bios_call *c)
{
	return (call_reg16(c, GPR_RDX) & 0xff) == DRIVE_HARD && c->bios->platform->disk.len;
}

/* A file that ends inside a sector has zeros there. */
static uint64_t sectors(const struct bios_call *c)
{
	return ((uint64_t)c->bios->platform->disk.len + SECTOR - 1) / SECTOR;
}

/* The BIOS's translation, chosen by size alone; a partition table is not looked at. */
static struct geometry geometry(const struct bios_call *c)
{
	uint64_t tracks = sectors(c) / CHS_SECTORS, cylinders;
	uint32_t heads = 16;

	while (heads < 255 && tracks / CHS_CYLINDERS_MAX > heads)
		heads = heads == 128 ? 255 : heads * 2;
	cylinders = tracks / heads;
	if (cylinders > CHS_CYLINDERS_MAX)
		cylinders = CHS_CYLINDERS_MAX;
	return (struct geometry){ .cylinders = cylinders < 2 ? 2 : (uint32_t)cylinders,
				  .heads = heads };
}

static uint32_t ata_cylinders(const struct bios_call *c)
{
	uint64_t n = sectors(c) / (ATA_HEADS * CHS_SECTORS);

	return n > ATA_CYLINDERS_MAX ? ATA_CYLINDERS_MAX : n < 2 ? 2 : (uint32_t)n;
}

static void result(struct bios_call *c, uint8_t status)
{
	c->bios->state.disk_status = status;
	call_result(c, status);
}

static void read_sector(const struct bios_call *c, uint64_t lba, uint8_t ret[SECTOR])
{
	struct bytes disk = c->bios->platform->disk;
	uint64_t at = lba * SECTOR;
	size_t len = at < disk.len ? disk.len - at : 0;

	memset(ret, 0, SECTOR);
	if (len)
		memcpy(ret, disk.data + at, len < SECTOR ? len : SECTOR);
}

/* To linear address @to; what is not RAM is lost. */
static void read_sectors(struct bios_call *c, uint64_t lba, unsigned count, uint32_t to)
{
	uint8_t data[SECTOR];

	for (unsigned i = 0; i < count; i++) {
		read_sector(c, lba + i, data);
		call_write_linear(c, to + i * SECTOR, data, SECTOR);
	}
}

/* --- any drive --- */

/* Nothing moves, and the drive is always ready. */
void int13_ready(struct bios_call *c)
{
	result(c, has_drive(c) ? DISK_OK : DISK_BAD_PARAMETER);
}

void int13_status(struct bios_call *c)
{
	call_result(c, c->bios->state.disk_status);
}

void int13_write(struct bios_call *c)
{
	result(c, has_drive(c) ? DISK_WRITE_PROTECTED : DISK_BAD_PARAMETER);
}

/* --- cylinder, head and sector --- */

void int13_chs_read(struct bios_call *c)
{
	uint16_t cx = call_reg16(c, GPR_RCX);
	uint32_t cylinder = (uint32_t)(cx >> 8 | (cx & 0xc0) << 2), sector = cx & 0x3f;
	uint32_t head = call_reg16(c, GPR_RDX) >> 8, count = call_al(c);
	struct geometry g = geometry(c);
	uint64_t lba;

	if (!has_drive(c) || !count || count > CHS_COUNT_MAX || !sector || sector > CHS_SECTORS ||
	    cylinder >= g.cylinders || head >= g.heads) {
		result(c, DISK_BAD_PARAMETER);
		return;
	}
	lba = ((uint64_t)cylinder * g.heads + head) * CHS_SECTORS + sector - 1;
	if (call_reg16(c, GPR_RAX) >> 8 == 0x02) /* else AH=04h: verify */
		read_sectors(c, lba, count,
			     (uint32_t)c->cpu.seg[SEG_ES].base + call_reg16(c, GPR_RBX));
	result(c, DISK_OK);
}

/* The last cylinder is kept back, as it was for diagnostics. */
void int13_parameters(struct bios_call *c)
{
	struct geometry g = geometry(c);
	uint32_t last = g.cylinders - 2;

	if (!has_drive(c)) {
		result(c, DISK_BAD_PARAMETER);
		return;
	}
	call_set_al(c, 0);
	call_set16(c, GPR_RCX, (uint16_t)((last & 0xff) << 8 | (last >> 2 & 0xc0) | CHS_SECTORS));
	call_set16(c, GPR_RDX, (uint16_t)((g.heads - 1) << 8 | 1));
	result(c, DISK_OK);
}

void int13_type(struct bios_call *c)
{
	struct geometry g = geometry(c);
	uint32_t count = (g.cylinders - 1) * g.heads * CHS_SECTORS;

	if (!has_drive(c)) {
		result(c, DISK_BAD_PARAMETER);
		return;
	}
	call_set16(c, GPR_RCX, (uint16_t)(count >> 16));
	call_set16(c, GPR_RDX, (uint16_t)count);
	result(c, DISK_OK);
	call_set16(c, GPR_RAX, TYPE_HARD << 8);
}

/* --- EDD --- */

void int13_edd_check(struct bios_call *c)
{
	if (!has_drive(c)) {
		result(c, DISK_BAD_PARAMETER);
		return;
	}
	call_set16(c, GPR_RBX, EDD_MAGIC_REPLY);
	call_set16(c, GPR_RCX, EDD_SUBSETS);
	result(c, DISK_OK);
	call_set_ah(c, EDD_VERSION);
}

/* DS:SI: size, count, buffer (offset and segment), first sector (EDD 3.0 table 3-2). */
void int13_edd_read(struct bios_call *c)
{
	uint8_t packet[PACKET_SIZE];
	uint64_t lba, end;
	uint16_t count;

	call_read(c, SEG_DS, call_reg16(c, GPR_RSI), packet, sizeof(packet));
	count = get_le16(packet + 2);
	lba = get_le64(packet + 8);
	if (!has_drive(c) || __builtin_add_overflow(lba, count, &end) || end > sectors(c)) {
		result(c, DISK_BAD_PARAMETER);
		return;
	}
	if (call_reg16(c, GPR_RAX) >> 8 == 0x42) /* else AH=44h verify, 47h seek */
		read_sectors(c, lba, count,
			     ((uint32_t)get_le16(packet + 6) << 4) + get_le16(packet + 4));
	result(c, DISK_OK);
}

/* EDD 3.0 table 8-4, "ATA host bus PCI": PIIX3's IDE at 0:1.1, channel 0, master. SeaBIOS leaves one byte before the sum alone. */
static void edd_path(uint8_t *p, unsigned size)
{
	unsigned end = size - EDD_PATH;
	uint8_t kept = p[end - 2], sum = 0;

	memset(p, 0, end);
	put_le16(p, EDD_PATH_KEY);
	p[2] = (uint8_t)end;
	memcpy(p + 6, "PCI ATA     ", 12);
	p[19] = 1; /* device */
	p[20] = 1; /* function */
	p[end - 2] = kept;
	for (unsigned i = 0; i < end; i++)
		sum = (uint8_t)(sum + p[i]);
	p[end - 1] = (uint8_t)-sum;
}

void int13_edd_parameters(struct bios_call *c)
{
	uint8_t p[EDD_SIZE_T13];
	uint16_t at = call_reg16(c, GPR_RSI);
	bool fits = sectors(c) <= ATA_CYLINDERS_MAX * ATA_HEADS * CHS_SECTORS;
	unsigned size;

	call_read(c, SEG_DS, at, p, sizeof(p));
	size = get_le16(p);
	if (!has_drive(c) || size < EDD_SIZE_1) {
		result(c, DISK_BAD_PARAMETER);
		return;
	}
	size = size >= EDD_SIZE_T13 ? EDD_SIZE_T13 :
	       size >= EDD_SIZE_3   ? EDD_SIZE_3 :
	       size >= EDD_SIZE_2   ? EDD_SIZE_2 :
				      EDD_SIZE_1;
	put_le16(p, size == EDD_SIZE_1 ? EDD_SIZE_1 : EDD_SIZE_2);
	put_le16(p + 2, fits ? EDD_GEOMETRY_OK : 0);
	put_le32(p + 4, ata_cylinders(c));
	put_le32(p + 8, ATA_HEADS);
	put_le32(p + 12, CHS_SECTORS);
	put_le64(p + 16, sectors(c));
	put_le16(p + 24, SECTOR);
	put_le32(p + 26, BIOS_SEGMENT << 16 | BIOS_DISK_TABLE);
	if (size > EDD_SIZE_2)
		edd_path(p + EDD_PATH, size);
	call_write(c, SEG_DS, at, p, size);
	result(c, DISK_OK);
}

/* Not booted from a CD, whatever the drive: a specification packet of zeros. */
void int13_cd_status(struct bios_call *c)
{
	uint8_t packet[CD_PACKET] = { CD_PACKET };

	call_write(c, SEG_DS, call_reg16(c, GPR_RSI), packet, sizeof(packet));
	result(c, DISK_OK);
}

/* EDD 3.0 table 8-3: the drive's device parameter table, for the pointer in the parameters. */
int bios_disk_attach(struct bios *bios, struct machine *m)
{
	uint8_t table[16] = { 0 }, sum = 0, drives = 1;

	if (!bios->platform->disk.len)
		return 0;
	put_le16(table, IDE_PORT);
	put_le16(table + 2, IDE_CONTROL);
	table[4] = IDE_DRIVE_LBA;
	table[5] = 0xcb; /* vendor byte, as SeaBIOS has it */
	table[6] = IDE_IRQ;
	table[7] = 1;
	put_le16(table + 10, BIT(4)); /* LBA translation */
	table[14] = 0x11;             /* revision */
	for (unsigned i = 0; i < sizeof(table) - 1; i++)
		sum = (uint8_t)(sum + table[i]);
	table[15] = (uint8_t)-sum;
	if (machine_write(m, BDA_HARD_DISKS, &drives, 1))
		return -1;
	return machine_write(m, BIOS_GPA + BIOS_DISK_TABLE, table, sizeof(table));
}
