/** An approved text with what fills its gaps; an empty gap shows its name. */
const GAP = /\$\{([A-Za-z][A-Za-z0-9_]*)\}/g

export const filled = (text: string, fields: Record<string, string>): string =>
  text.replace(GAP, (gap, name: string) => fields[name]?.trim() || gap)
