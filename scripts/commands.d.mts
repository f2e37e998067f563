export type Parsed = { values: Record<string, string | boolean>; positionals: string[] };
export const commands: Record<string, { does: string; usage?: string; details?: string }>;
export function help(name: string): string;
export function overview(): string;
export function parse(name: string, args: string[]): { help: true } | { mistake: string } | Parsed;
