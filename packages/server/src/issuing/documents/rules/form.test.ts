import assert from "node:assert/strict";
import test from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import PDFDocument from "pdfkit";
import { Refusal } from "../../../foundation/errors/errors.ts";
import {
  box,
  emptyZip,
  heicOf,
  jpegOf,
  jpegWith,
  pdfOf,
  pdfStream,
  pngHeader,
  pngOf,
  pngWith,
} from "../fixture.ts";
import { MAX_INFLATED_BYTES } from "../model.ts";
import { formOf } from "./form.ts";

const jpeg = jpegOf(64, 48);
const png = pngOf(64, 48);
const heic = heicOf(64, 48);
const pdf = pdfOf();
const whole = { jpeg, png, heic, pdf };

function refuses(bytes: Buffer, code: string, what: string) {
  assert.throws(
    () => formOf(bytes),
    (error: unknown) => {
      assert.ok(error instanceof Refusal, `${what}: ${error}`);
      assert.equal(error.code, code, what);
      return true;
    },
    what,
  );
}

const joined = (...parts: (Buffer | string)[]) => Buffer.concat(parts.map((p) => Buffer.from(p)));

test("each of the four types is told by its content, pictures with their size", () => {
  for (const type of ["jpeg", "png", "heic"] as const) {
    assert.deepEqual(formOf(whole[type]), { type, width: 64, height: 48 });
  }
  assert.deepEqual(formOf(pdf), { type: "pdf", width: null, height: null });
});

test("a PDF as a usual program writes it is taken", async () => {
  const document = new PDFDocument();
  const parts: Buffer[] = [];
  document.on("data", (part: Buffer) => parts.push(part));
  const end = new Promise((resolve) => document.on("end", resolve));
  document.text("Proof of address").addPage().text("Page two");
  document.end();
  await end;
  assert.equal(formOf(Buffer.concat(parts)).type, "pdf");
});

test("nothing else is taken, whatever it is called", () => {
  refuses(Buffer.alloc(0), "document_empty", "nothing");
  for (const [what, bytes] of Object.entries({
    html: Buffer.from("<!doctype html><script>alert(1)</script>"),
    svg: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"),
    gif: Buffer.from("GIF89a\u0001\u0000\u0001\u0000", "latin1"),
    zip: emptyZip,
    avif: heicOf(64, 48, "avif"),
    "a PDF behind something else": joined("\n", pdf),
  })) {
    refuses(bytes, "document_type_not_allowed", what);
  }
});

test("a document cut off anywhere is refused", () => {
  for (const [type, bytes] of Object.entries(whole)) {
    for (let length = 1; length < bytes.length; length += 1) {
      // Of a PDF the line end behind %%EOF may be missing.
      if (type === "pdf" && length === bytes.length - 1) continue;
      assert.throws(() => formOf(bytes.subarray(0, length)), Refusal, `${type} of ${length}`);
    }
  }
});

test("a document with another file behind it or in it is refused", () => {
  const html = "<html><script>alert(1)</script></html>";
  for (const [type, bytes] of Object.entries(whole)) {
    if (type !== "heic") {
      refuses(joined(bytes, emptyZip), "document_polyglot", `${type} and a ZIP`);
      refuses(joined(bytes, html), "document_polyglot", `${type} and HTML`);
    }
  }
  refuses(joined(jpeg, "x"), "document_polyglot", "one byte behind a JPEG");
  refuses(joined(png, "x"), "document_polyglot", "one byte behind a PNG");
  const far = jpegWith(jpegWith(jpeg, 0xfe, html), 0xe2, "profile".repeat(500));
  refuses(far, "document_polyglot", "HTML in a comment");
  refuses(jpegWith(jpeg, 0xe1, pdf), "document_polyglot", "a PDF in metadata");
  const chunks = [["tEXt", Buffer.from(`Comment\u0000${html}`)]] as const;
  const rows = ["IDAT", deflateSync(Buffer.alloc(2))] as const;
  refuses(pngWith(pngHeader(1, 1), [...chunks, rows]), "document_polyglot", "HTML in a PNG");
  assert.throws(() => formOf(joined(heic, html)), Refusal);
  refuses(joined(heic, box("free", html)), "document_polyglot", "HTML in a free box");
  refuses(joined(heic, box("moov", "film")), "document_polyglot", "a film");
  const late = joined(heic, box("mdat", "x".repeat(2_000), emptyZip));
  refuses(late, "document_polyglot", "a ZIP that ends the file");
});

test("a PNG whose check sum is wrong, or with an unknown critical chunk, is refused", () => {
  const rows = ["IDAT", deflateSync(Buffer.alloc(2))] as const;
  const said = pngWith(pngHeader(1, 1), [["tEXt", Buffer.from("a\u0000word")] as const, rows]);
  assert.equal(formOf(said).type, "png");
  const changed = Buffer.from(said);
  changed.write("lord", said.indexOf("word"));
  refuses(changed, "document_damaged", "a changed byte");
  const unknown = [["QQQQ", Buffer.alloc(1)] as const, rows];
  refuses(pngWith(pngHeader(1, 1), unknown), "document_damaged", "unknown chunk");
  const apart = [rows, ["tEXt", Buffer.from("a\u0000b")] as const, rows];
  refuses(pngWith(pngHeader(1, 1), apart), "document_damaged", "picture data in two places");
});

test("a bomb is refused by what it announces, and by what it unfolds to", () => {
  const none = [["IDAT", deflateSync(Buffer.alloc(1))]] as const;
  refuses(pngWith(pngHeader(30_001, 1), none), "document_too_many_pixels", "a long edge");
  refuses(pngWith(pngHeader(20_000, 20_000), none), "document_too_many_pixels", "many pixels");
  refuses(heicOf(20_000, 20_000), "document_too_many_pixels", "HEIC");
  const wide = Buffer.from(jpeg);
  const frame = wide.indexOf(Buffer.from([0xff, 0xc0]));
  wide.writeUInt16BE(60_000, frame + 5);
  refuses(wide, "document_too_many_pixels", "JPEG");
  const bomb = deflateSync(Buffer.alloc(200 * 1024 * 1024));
  refuses(pngWith(pngHeader(8, 8), [["IDAT", bomb]]), "document_unfolds_too_large", "PNG");
  const packed = pdfStream("/Type /ObjStm /N 1 /First 4", Buffer.alloc(200 * 1024 * 1024));
  refuses(pdfOf(["<< /Type /Catalog >>", packed]), "document_unfolds_too_large", "PDF");
});

test("what a PDF's broken streams unfold to before they break counts as well", () => {
  const broken = (size: number) => {
    const stream = pdfStream("", Buffer.alloc(size));
    const sum = stream.lastIndexOf("\nendstream") - 1;
    stream[sum] = (stream[sum] as number) ^ 1;
    return stream;
  };
  const half = broken(MAX_INFLATED_BYTES / 2);
  assert.equal(formOf(pdfOf(["<< >>", half])).type, "pdf");
  refuses(pdfOf(["<< >>", half, half, half]), "document_unfolds_too_large", "three halves");
  const small = Array.from({ length: 2_000 }, () => broken(1_000));
  assert.equal(formOf(pdfOf(["<< >>", ...small])).type, "pdf", "many small ones");
});

test("a PDF that can run, open, send or unpack something is refused, however it is spelled", () => {
  for (const dictionary of [
    "/OpenAction [3 0 R /Fit]",
    "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>",
    "/AA << /O 3 0 R >>",
    "/Names << /EmbeddedFiles 3 0 R >>",
    "/Names << /J#61vaScript 3 0 R >>",
    "/#4aS (x)",
    "/A << /S /Launch /F (calc.exe) >>",
    "/Type /EmbeddedFile",
    "/Subtype /RichMedia",
    "/AcroForm << /XFA 3 0 R >>",
  ]) {
    refuses(pdfOf([`<< ${dictionary} >>`]), "document_active_content", dictionary);
    const packed = pdfStream("/Type /ObjStm /N 1 /First 4", `1 0 << ${dictionary} >>`);
    const file = pdfOf(["<< /Type /Catalog >>", packed]);
    refuses(file, "document_active_content", `${dictionary} in an object stream`);
  }
  const hidden = "% >>\nstream\n2 0 obj << /S /JavaScript >> endobj\n% endstream";
  refuses(pdfOf([hidden]), "document_active_content", "behind what only looks like a stream");
});

test("a PDF that cannot be looked into is refused", () => {
  refuses(pdfOf(undefined, "/Encrypt 3 0 R "), "document_encrypted", "encrypted");
  const unread = "<< /Type /ObjStm /Filter /LZWDecode /Length 4 >>\nstream\nabcd\nendstream";
  refuses(pdfOf(["<< /Type /Catalog >>", unread]), "document_damaged", "another compression");
  const broken = "<< /Type /ObjStm /Filter /FlateDecode /Length 4 >>\nstream\nabcd\nendstream";
  refuses(pdfOf(["<< /Type /Catalog >>", broken]), "document_damaged", "broken compression");
});

test("any bytes are answered by a form or a refusal, in bounded time", () => {
  const seeds = Object.values(whole);
  const change = fc.record({
    seed: fc.constantFrom(...seeds),
    at: fc.array(fc.tuple(fc.nat(4_000), fc.nat(255)), { minLength: 1, maxLength: 8 }),
    cut: fc.nat(200),
    behind: fc.uint8Array({ maxLength: 16 }),
  });
  const answered = (bytes: Buffer) => {
    try {
      assert.ok(formOf(bytes).type);
    } catch (error) {
      assert.ok(error instanceof Refusal, String(error));
    }
  };
  fc.assert(
    fc.property(change, ({ seed, at, cut, behind }) => {
      const bytes = joined(
        seed.subarray(0, seed.length - (cut < 100 ? 0 : cut)),
        Buffer.from(behind),
      );
      for (const [place, value] of at) bytes[place % bytes.length] = value;
      answered(bytes);
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => answered(Buffer.from(bytes))),
  );
});

test("ten megabytes of what is slowest to read are answered within seconds", () => {
  const size = 10 * 1024 * 1024;
  const fill = (text: string) => Buffer.alloc(size, text);
  const slow: Record<string, Buffer> = {
    "a scan of stuffed bytes": joined(jpeg.subarray(0, jpeg.length - 2), Buffer.alloc(size, 0xff)),
    "openings of streams": joined("%PDF-1.7\n", fill(">>stream\nendstream")),
    "openings without an end": joined("%PDF-1.7\n", fill(">>stream\n")),
    "beginnings of names": joined("%PDF-1.7\n", fill("/JavaScrip /#4")),
    "ends of archives": joined("%PDF-1.7\n", fill("PK\u0005\u0006"), "%%EOF"),
    "small boxes": joined(heic, fill("\u0000\u0000\u0000\u0008free")),
    "ends of files": joined("%PDF-1.7\n", fill("startxref\n1\n%%EOF\n")),
  };
  for (const [what, bytes] of Object.entries(slow)) {
    const start = performance.now();
    assert.throws(() => formOf(bytes), Refusal, what);
    assert.ok(performance.now() - start < 5_000, `${what}: ${performance.now() - start} ms`);
  }
});
