import { describe, expect, it } from 'vitest'
import { initials, plainName } from '@/text/names'

describe('a name within a sentence', () => {
  it.each([
    ['as it is', 'Anna O\u2019Neil', 'Anna O\u2019Neil'],
    ['without what turns it around', 'evil\u202egnp.exe\u2066\u2069', 'evilgnp.exe'],
    ['without an end of what it never began', '\u2069\u202cAnna', 'Anna'],
    ['of another direction, by itself', '\u05d0\u05d1\u05d2', '\u2068\u05d0\u05d1\u05d2\u2069'],
    ['with the joints of emoji', '\u{1f469}\u200d\u{1f467}', '\u{1f469}\u200d\u{1f467}'],
    ['none, of what has no width', '\u200b\u200d\u2060\ufeff', ''],
    ['none, of marks on nothing', ' \u0301\u0302', ''],
    ['none, of blanks', '\u3000 \u2028', ''],
  ])('%s', (_, name, plain) => expect(plainName(name)).toBe(plain))
})

describe('its letters in a picture', () => {
  it.each([
    ['\u738b\u5c0f\u660e', '\u5c0f\u660e'],
    ['+8613800000000', '00'],
    ['anna maria smith', 'AS'],
    ['anna', 'an'],
    ['\u{1f469}\u200d\u{1f467} \u{1f680}\u{1f680}', '\u{1f469}\u{1f680}'],
    ['z\u0301\u0302\u0303a\u0301lgo', 'za'],
    ['\u202eanna', 'an'],
    ['\u200b\u2060', ''],
  ])('%s', (name, letters) => expect(initials(name)).toBe(letters))
})
