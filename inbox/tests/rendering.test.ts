import { describe, expect, it } from 'vitest'
import { languageOf } from '@/text/languages'
import { pieces } from '@/text/links'
import { streets } from '@/text/maps'
import { bars, FLAT } from '@/text/waves'

describe('faces', () => {
  const shown = (text: string) => pieces(text, true).map((piece) => piece.text)

  it.each([
    ['hi[Smile]', ['hi', '🙂']],
    ['/::)', ['🙂']],
    ['/::|', ['😳']],
    ["/::'(/::'(", ['😢', '😢']],
    ['[nothing]', ['[nothing]']],
    ['see https://shop.example/::) now', ['see ', 'https://shop.example/', '::) now']],
    ['', []],
  ])('%s', (text, expected) => expect(shown(text)).toEqual(expected))

  it('ends an address where its letters would be turned around', () =>
    expect(pieces('https://shop.example/\u202egnp.exe')).toEqual([
      { text: 'https://shop.example/', href: 'https://shop.example/' },
      { text: '\u202egnp.exe' },
    ]))
  it('keeps the code for who cannot see it', () => expect(pieces('[OK]', true)).toEqual([{ text: '👌', code: '[OK]' }]))
  it('leaves other writers alone', () => expect(pieces('a/:v1', false)).toEqual([{ text: 'a/:v1' }]))
})

describe('languages', () => {
  it.each([
    ['退款 please', 'zh'],
    ['where is my order', 'en'],
    ['XC20260002', ''],
    ['ありがとう', 'ja'],
    ['안녕하세요', 'ko'],
    ['где заказ', 'ru'],
    ['OK', ''],
  ])('%s', (text, expected) => expect(languageOf(text)).toBe(expected))
})

describe('the sketch of a map', () => {
  const place = { latitude: 31.2304, longitude: 121.4737, label: '' }

  it('is always the same for a place', () => expect(streets(place)).toEqual(streets({ ...place })))
  it('is another one for another place', () => expect(streets(place)).not.toEqual(streets({ ...place, latitude: 31.2305 })))
  it.each([[90, 180], [-90, -180], [0, 0]])('can be drawn at %d, %d', (latitude, longitude) => {
    for (const { path } of streets({ latitude, longitude, label: '' })) expect(path).not.toMatch(/NaN|Infinity/)
  })
})

describe('waves', () => {
  it('are as high as the loudest', () => expect(bars([0, 50, 100])).toEqual([2, 13, 26]))
  it('show a whisper', () => expect(bars([1, 2])).toEqual([13, 26]))
  it('are flat where nobody listened', () => expect(new Set(bars(FLAT))).toEqual(new Set([2])))
})
