// wxauth/sim: a simulated WeChat with state and rules, for Node, web pages and Workers.

export { type From, type Handler, serve } from '../sim/api/index.js';
export { ASSUMED, type Assumptions, type RefusalCheck } from '../sim/assumptions.js';
export { Clock } from '../sim/clock.js';
export type { Fault, Faults, HttpFault } from '../sim/faults.js';
export type { LogEntry } from '../sim/log.js';
export type {
  AppAuthorizeSetting,
  AuthorizeOptions,
  AuthSetting,
  GetSettingOptions,
  SystemSetting,
} from '../sim/phone/authorization.js';
export type {
  Button,
  ChosenAvatar,
  Details,
  Nickname,
  NicknameReview,
  OpenType,
  PhoneDetail,
  Pressed,
  PressedType,
} from '../sim/phone/buttons.js';
export type {
  AppState,
  Delivery,
  LaunchOptions,
  LogLine,
  Manifest,
  OsAnswer,
  PrivacyAnswer,
  PrivacyListener,
  PrivacyRequest,
  ScopeDescription,
  ShowListener,
  Switch,
  Toast,
} from '../sim/phone/device.js';
export type { Platform, WxFailure } from '../sim/phone/failures.js';
export type {
  Downloaded,
  DownloadOptions,
  HeadersListener,
  Progress,
  ProgressListener,
  ReceivedHeaders,
  TransferOptions,
  TransferTask,
  Uploaded,
  UploadOptions,
} from '../sim/phone/files.js';
export { createPhone, type Phone, type PhoneOptions, type Wx } from '../sim/phone/index.js';
export type { ExactLocation, FuzzyLocation, LocationOptions } from '../sim/phone/location.js';
export type { LoginOptions, LoginResult } from '../sim/phone/login.js';
export type { NavigateBackOptions, NavigationOptions } from '../sim/phone/navigation.js';
export type { RequestOptions, RequestResult, RequestTask } from '../sim/phone/network.js';
export { memoryStorage, type PhoneStorage } from '../sim/phone/phone-storage.js';
export type { PrivacySetting } from '../sim/phone/privacy.js';
export type { Profile, UserInfoOptions, UserProfileOptions } from '../sim/phone/profile.js';
export {
  type ActionSheetPrompt,
  type AvatarPrompt,
  agreeToAll,
  type ModalPrompt,
  type OsPrompt,
  type PrivacyPrompt,
  type Prompt,
  type Question,
  refuseAll,
  type ScopePrompt,
  type SettingsPrompt,
  type SheetPrompt,
} from '../sim/phone/prompts.js';
export type {
  SocketClosing,
  SocketListener,
  SocketMessage,
  SocketOptions,
  SocketTask,
} from '../sim/phone/sockets.js';
export type {
  AccountInfo,
  AppBaseInfo,
  Env,
  HostInfo,
  LatestUserKey,
  LogWriter,
  MiniProgramInfo,
  RandomOptions,
  RandomValues,
  RealtimeLogManager,
  SystemInfo,
  UserCryptoManager,
} from '../sim/phone/system.js';
export type {
  ActionSheetOptions,
  ActionSheetResult,
  HideOptions,
  LoadingOptions,
  ModalOptions,
  ModalResult,
  ToastOptions,
} from '../sim/phone/ui.js';
export type { AnyCallback, Callbacks, Ok, WxCallbackMethod, WxMethod } from '../sim/phone/wx-call.js';
export type {
  RemoveStorageOptions,
  SetStorageOptions,
  StorageInfo,
  StoredData,
  WithKey,
} from '../sim/phone/wx-storage.js';
export { type CoreLoader, type Replayed, type ReplayedCore, type ReplayModule, replay } from '../sim/replay.js';
export type { Information, OsPermission } from '../sim/scopes.js';
export type { Code, CodeKind } from '../sim/wechat/codes.js';
export {
  type Account,
  type App,
  type AppRecord,
  type Config,
  type User,
  type UserKeyRecord,
  WeChat,
  WeChatError,
  type WeChatState,
} from '../sim/wechat/index.js';
export type { Permissions, Setting } from '../sim/wechat/permissions.js';
export type { OpenProfile, SignedProfile, UserInfo } from '../sim/wechat/profiles.js';
export type { Push, PushCheck, PushEvent, PushRequest, PushResult } from '../sim/wechat/push.js';
export type { IssuedCode } from '../sim/wechat/sessions.js';
