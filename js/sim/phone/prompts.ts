// What the phone shows its owner, who answers by calling. Nothing answers by itself: without an owner, dialogs wait
// for ever, as they do in life.

interface Question<Kind extends string> {
  kind: Kind;
  allow(): void;
  deny(): void;
}

/** The dialog of a scope; `privacy` where it carries the privacy checkbox (§1.5). */
export interface ScopePrompt extends Question<'scope'> {
  scope: string;
  privacy: boolean;
  /** Closes it without an answer. */
  dismiss(): void;
}

/** WeChat's own privacy popup. */
export interface PrivacyPrompt extends Question<'privacy'> {
  contract: string;
}

/** The operating system asks whether WeChat may. */
export interface OsPrompt extends Question<'os'> {
  permission: string;
}

/** The settings page: only scopes that were asked for before (§1.4). */
export interface SettingsPrompt {
  kind: 'settings';
  grants: Record<string, boolean>;
  set(scope: string, granted: boolean): void;
  close(): void;
}

/** The sheet of `getUserProfile`, and of the phone buttons. */
export type SheetPrompt = Question<'profile'> | Question<'phone-number'>;

export interface AvatarPrompt {
  kind: 'avatar';
  /** Takes a picture; the path is a temporary one, to be uploaded (§1.2). */
  choose(path?: string): void;
  cancel(): void;
}

/** `wx.showModal`. */
export interface ModalPrompt {
  kind: 'modal';
  title: string;
  content: string;
  confirmText: string;
  /** Nothing where there is no cancel button. */
  cancelText: string | undefined;
  /** Whether there is a field to type into. */
  editable: boolean;
  /** With what was typed. */
  confirm(text?: string): void;
  cancel(): void;
}

/** `wx.showActionSheet`. */
export interface ActionSheetPrompt {
  kind: 'action-sheet';
  items: string[];
  pick(index: number): void;
  cancel(): void;
}

export type Prompt =
  | ScopePrompt
  | PrivacyPrompt
  | OsPrompt
  | SettingsPrompt
  | SheetPrompt
  | AvatarPrompt
  | ModalPrompt
  | ActionSheetPrompt;

/** An owner who agrees to everything, for tests that are about something else. */
export function agreeToAll(prompt: Prompt): void {
  if (prompt.kind === 'settings') prompt.close();
  else if (prompt.kind === 'avatar') prompt.choose();
  else if (prompt.kind === 'modal') prompt.confirm();
  else if (prompt.kind === 'action-sheet') prompt.pick(0);
  else prompt.allow();
}

/** An owner who refuses everything. */
export function refuseAll(prompt: Prompt): void {
  if (prompt.kind === 'settings') prompt.close();
  else if ('cancel' in prompt) prompt.cancel();
  else prompt.deny();
}
