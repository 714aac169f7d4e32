import { describe, expect, it } from 'vitest'
import { roomOf } from '@/text/pictures'

describe('the room of a picture', () => {
  it.each([
    ['a sticker, as it is', 60, 40, 60, 40],
    ['a photo', 4032, 3024, 260, 195],
    ['a photo, upright', 3024, 4032, 240, 320],
    ['a screenshot of a phone', 1170, 2532, 148, 320],
    ['a panorama', 4000, 300, 260, 24],
    ['as large as it gets', 260, 320, 260, 320],
    ['a pixel that tracks', 1, 1, 24, 24],
    ['a line', 65_535, 1, 260, 24],
    ['a line, upright', 1, 65_535, 24, 320],
  ])('%s', (_, width, height, shownWidth, shownHeight) =>
    expect(roomOf({ width, height })).toEqual({ width: shownWidth, height: shownHeight }))

  it.each([{}, { width: null, height: null }, { width: 60, height: null }, { width: 0, height: 0 }])('nobody knows: %o', (size) =>
    expect(roomOf(size)).toEqual({ width: 260, height: 200 }))
})
