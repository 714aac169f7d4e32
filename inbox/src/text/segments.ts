/** How many messages of the telephone network a text takes, as channels/twilio/segments.py counts them. */

export interface Segments {
  encoding: 'GSM-7' | 'UCS-2'
  count: number
  /** Left in the last one: septets of GSM-7, or 16-bit units of UCS-2. */
  left: number
}

const PLAIN = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
    '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
)
/** Written with an escape before them, from which they are never cut off. */
const EXTENDED = new Set('\f^{}\\[~]|€')
const ALONE = { 'GSM-7': 160, 'UCS-2': 70 }
const IN_PARTS = { 'GSM-7': 153, 'UCS-2': 67 }

export function segmentsOf(text: string): Segments {
  const characters = [...text]
  const encoding = characters.every((one) => PLAIN.has(one) || EXTENDED.has(one)) ? 'GSM-7' : 'UCS-2'
  const sizes = characters.map((one) => (encoding === 'GSM-7' ? (EXTENDED.has(one) ? 2 : 1) : one.length))
  const units = sizes.reduce((sum, size) => sum + size, 0)
  if (units <= ALONE[encoding]) return { encoding, count: 1, left: ALONE[encoding] - units }
  let count = 1
  let left = IN_PARTS[encoding]
  for (const size of sizes) {
    if (size > left) {
      count += 1
      left = IN_PARTS[encoding]
    }
    left -= size
  }
  return { encoding, count, left }
}
