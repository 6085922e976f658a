// What can be done to a packet. Most mutations know its fields, so that a wrong one stands among right ones and is not
// found by its length alone.

import type { Random } from "./random.ts";
import {
  assemble,
  type Field,
  knownProperties,
  type PropertiesField,
  type Property,
  type Shape,
  type TextField,
} from "./shape.ts";

type Mutation = (shape: Shape, random: Random) => void;

const lengths = [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 268_435_455];

/** Not UTF-8, or not allowed in it, or on the edge of that. */
const pieces: readonly (readonly number[])[] = [
  [0xff],
  [0xc0, 0xaf],
  [0xc3, 0x28],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0x00],
  [0x01],
  [0x7f],
  [0xc2, 0x80],
  [0xef, 0xbf, 0xbf],
  [0xef, 0xbb, 0xbf],
];

const marks = ["+", "#", "/", "//", "/+/", "/#", "+/#", "$", "$share/", "$share/g/", "$SYS/", "$delayed/1/"];

const byName: Readonly<Record<string, Mutation>> = {
  "a flag of the first byte": (shape, random) => {
    shape.first ^= 1 << random.below(4);
  },
  "another packet type": (shape, random) => {
    shape.first = (random.below(16) << 4) | (shape.first & 0x0f);
  },
  "another first byte": (shape, random) => {
    shape.first = random.byte();
  },
  "a remaining length that is off by a little": (shape, random) => {
    const right = assemble(shape).length - 2;
    shape.declared = Math.max(0, right + random.pick([-3, -2, -1, 1, 2, 3]));
  },
  "a remaining length at a boundary": (shape, random) => {
    shape.declared = random.pick(lengths);
  },
  "a remaining length in more bytes than it needs": (shape, random) => {
    shape.padding = random.between(1, 4);
  },
  "a text's length": (shape, random) => {
    const text = random.pickAny(textsOf(shape.fields));
    if (text === undefined) return;
    const right = text.bytes.length;
    text.declared = random.pick([0, 1, Math.max(0, right - 1), right + 1, right + 2, 0x7fff, 0xffff]);
  },
  "the length of the properties": (shape, random) => {
    const section = random.pickAny(sectionsOf(shape));
    if (section !== undefined) section.declared = random.chance(0.5) ? random.below(40) : random.pick(lengths);
  },
  "a property less": (shape, random) => {
    const { list } = pickSection(shape, random);
    if (list.length > 0) list.splice(random.below(list.length), 1);
  },
  "a property twice": (shape, random) => {
    const { list } = pickSection(shape, random);
    const property = random.pickAny(list);
    if (property !== undefined) list.splice(random.below(list.length + 1), 0, structuredClone(property));
  },
  "two properties change places": (shape, random) => {
    const { list } = pickSection(shape, random);
    if (list.length > 1) list.push(...list.splice(random.below(list.length - 1), 1));
  },
  "another property's identifier": (shape, random) => {
    const property = random.pickAny(pickSection(shape, random).list);
    if (property !== undefined) property.id = random.chance(0.7) ? random.pick(knownProperties) : random.byte();
  },
  "a property of another packet": (shape, random) => {
    const { list } = pickSection(shape, random);
    list.splice(random.below(list.length + 1), 0, someProperty(random));
  },
  "another value of a property": (shape, random) => {
    const field = random.pickAny(pickSection(shape, random).list.flatMap(({ fields }) => fields));
    if (field !== undefined && "bytes" in field) field.bytes = extreme(field.bytes, random);
  },
  "a field less": (shape, random) => {
    if (shape.fields.length > 0) shape.fields.splice(random.below(shape.fields.length), 1);
  },
  "a field twice": (shape, random) => {
    const field = random.pickAny(shape.fields);
    if (field !== undefined) shape.fields.splice(random.below(shape.fields.length), 0, structuredClone(field));
  },
  "two fields change places": (shape, random) => {
    if (shape.fields.length > 1) shape.fields.push(...shape.fields.splice(random.below(shape.fields.length - 1), 1));
  },
  "bytes in a text that do not belong there": (shape, random) => {
    const text = random.pickAny(textsOf(shape.fields));
    text?.bytes.splice(random.below(text.bytes.length + 1), random.below(2), ...random.pick(pieces));
  },
  "wildcards and marks in a text": (shape, random) => {
    const text = random.pickAny(textsOf(shape.fields));
    const mark = [...Buffer.from(random.pick(marks))];
    text?.bytes.splice(random.pick([0, text.bytes.length, random.below(text.bytes.length + 1)]), 0, ...mark);
  },
  "a text that is empty, or very long": (shape, random) => {
    const text = random.pickAny(textsOf(shape.fields));
    if (text === undefined) return;
    const letter = random.pick([0x61, 0x2f]);
    text.bytes = random.chance(0.5)
      ? []
      : new Array(random.chance(0.05) ? 65_535 : random.pick([201, 1_025])).fill(letter);
  },
  "another number in the head of the packet": (shape, random) => {
    const field = random.pickAny(shape.fields.filter(({ kind }) => kind === "bytes"));
    if (field !== undefined && "bytes" in field) field.bytes = extreme(field.bytes, random);
  },
  "something behind the end": (shape, random) => {
    shape.fields.push({ kind: "bytes", bytes: Array.from({ length: random.between(1, 5) }, () => random.byte()) });
  },
};

export const mutations: readonly Mutation[] = Object.values(byName);

/** What does not look at fields. */
export function mutateBytes(packet: Uint8Array, random: Random): Uint8Array {
  const bytes = [...packet];
  const at = random.below(bytes.length + 1);
  switch (random.below(6)) {
    case 0:
      bytes.splice(at, random.between(1, 4));
      break;
    case 1:
      bytes.splice(at, 0, ...Array.from({ length: random.between(1, 4) }, () => random.byte()));
      break;
    case 2:
      if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      break;
    case 3:
      if (at < bytes.length) bytes[at] = random.byte();
      break;
    case 4:
      bytes.length = at;
      break;
    default:
      bytes.splice(at, 0, ...bytes.slice(random.below(bytes.length + 1)));
  }
  return Uint8Array.from(bytes);
}

function textsOf(fields: readonly Field[]): TextField[] {
  return fields.flatMap((field) => {
    if (field.kind === "properties") return textsOf(field.list.flatMap((property) => property.fields));
    return field.kind === "text" ? [field] : [];
  });
}

function sectionsOf(shape: Shape): PropertiesField[] {
  return shape.fields.filter((field): field is PropertiesField => field.kind === "properties");
}

/** Where there are no properties, what is done to them has no effect. */
function pickSection(shape: Shape, random: Random): PropertiesField {
  return random.pickAny(sectionsOf(shape)) ?? { kind: "properties", list: [] };
}

function someProperty(random: Random): Property {
  const text: Field = { kind: "text", bytes: [0x61] };
  const value = random.pick<Field[]>([
    [text],
    [text, text],
    ...[1, 2, 4].map((length): Field[] => [{ kind: "bytes", bytes: Array.from({ length }, () => random.byte()) }]),
  ]);
  return { id: random.pick(knownProperties), fields: structuredClone(value) };
}

/** The smallest, the largest or any value of as many bytes. */
function extreme(bytes: readonly number[], random: Random): number[] {
  const kind = random.below(4);
  return bytes.map((byte, index) => {
    if (kind === 0) return 0;
    if (kind === 1) return 0xff;
    if (kind === 2) return index === bytes.length - 1 ? 1 : 0;
    return random.chance(0.5) ? random.byte() : byte;
  });
}
