/** The parts of the bot's page, as the address bar names them. */
export const TABS = ['questions', 'proposals', 'knowledge', 'state'] as const
export type Tab = (typeof TABS)[number]

export const isTab = (name: unknown): name is Tab => TABS.includes(name as Tab)
