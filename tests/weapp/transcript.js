// A script of events for any engine: gives one line of JSON per event, the effects it brought. ES5, so that it runs
// wherever the core does.
// biome-ignore-all lint: plain ES5 on purpose.

/** @param {{ Core: new (login: string, privacy: string) => any }} module */
function transcript(module) {
  var lines = [];
  var now = 1790000000000;
  function play(login, privacy, script) {
    var core = new module.Core(login, privacy, ['40101']);
    var ops = {};
    var stored = { record: '', status: '' };
    var storageFails = false;
    lines.push(login + ' ' + privacy);
    function tell(name) {
      var args = [now].concat(Array.prototype.slice.call(arguments, 1));
      var effects = core[name].apply(core, args);
      for (var i = 0; i < effects.length; i++) ops[effects[i].type] = effects[i].op;
      lines.push(name + ' ' + JSON.stringify(effects));
      for (i = 0; i < effects.length; i++) answer(effects[i]);
    }
    // Storage and the lock answer at once.
    function answer(effect) {
      if (effect.type === 'AcquireLock') tell('lockAcquired', effect.op, true);
      if (effect.type === 'ReadRecord' && storageFails) tell('recordRead', effect.op, undefined, undefined);
      else if (effect.type === 'ReadRecord') tell('recordRead', effect.op, stored.record, stored.status);
      if (effect.type === 'Save' && storageFails) tell('storageFailed', effect.op);
      else if (effect.type === 'Save') {
        stored[effect.entry] = effect.value || '';
        tell('stored', effect.op);
      }
    }
    function launch(record, seed) {
      stored.record = record;
      tell('launched', seed);
    }
    function breakStorage(fails) {
      storageFails = fails;
    }
    // The operation of the last effect of a type.
    function op(type) {
      return ops[type];
    }
    script(tell, op, launch, breakStorage);
    core.free();
  }
  function pass(ms) {
    now += ms;
  }
  play('silent', 'official', function (tell, op, launch, breakStorage) {
    tell('request', 1, false);
    launch('', 42);
    for (var i = 2; i < 6; i++) tell('request', i, false);
    tell('codeIssued', op('CallLogin'), '0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P');
    tell('tokensArrived', op('Exchange'), 'header.claims.signature', 'refresh-token', 600, now + 1234.5);
    for (i = 1; i < 6; i++) tell('replyArrived', i, i === 3 ? 401 : 200, '');
    tell('tokensArrived', op('Refresh'), 'second.access.token', 'second-refresh', 600, undefined);
    tell('replyArrived', 3, 200, '40101');
    tell('token', 9);
    tell('expired', 1);
    tell('expired', 2);
    tell('token', 10);
    tell('edgeFailed', op('Refresh'), 400, 'session_ended', undefined);
    tell('loginFailed', op('CallLogin'), 5, 'login:fail timeout');
    pass(900);
    tell('tick');
    tell('loginFailed', op('CallLogin'), undefined, 'login:fail 系统错误，错误码：-12006 🤖');
    pass(5000);
    tell('hidden');
    pass(600000);
    tell('shown');
    tell('tick');
    tell('codeIssued', op('CallLogin'), 'code with blanks is none');
    tell('ready', 11);
    tell('cancelled', 11);
    breakStorage(true);
    tell('storageChanged');
    tell('logout', 12, true);
    breakStorage(false);
    tell('request', 13, true);
    tell('requestFailed', 13, 600003, 'request:fail interrupted');
    tell('revoked', op('Revoke'));
  });
  play('on-demand', 'handler', function (tell, op, launch) {
    launch('wxauth2 7 -250 0 3 3 1790000600000 access.of.before refresh-of-before', 1);
    tell('request', 1, false);
    tell('ensure', 2, 'scope.userLocation');
    tell('settingRead', op('ReadSetting'), ['scope.userInfo', 'scope.未知'], []);
    tell('privacyRead', op('ReadPrivacy'), true);
    tell('privacyAnswered', op('ShowPrivacy'), true);
    tell('permissionFailed', op('Authorize'), 103, 'authorize:fail auth deny');
    tell('ensure', 3, 'scope.userLocation');
    tell('settingOpening', 14);
    tell('settingOpened', 14, ['scope.userLocation'], ['scope.camera']);
    tell('settingOpening', 15);
    tell('settingFailed', 15, undefined, 'openSetting:fail can only be invoked by user TAP gesture.');
    tell('ensure', 4, 'scope.userLocation');
    tell('systemRead', op('ReadSystem'), ['cameraAuthorized'], ['locationEnabled']);
    tell('scopes', 16);
    tell('useFailed', 17, 'scope.userLocation', 103, 'getLocation:fail auth deny');
    tell('ensure', 5, 'scope.camera');
    tell('ensure', 10, 'scope.record');
    tell('privacyRead', op('ReadPrivacy'), false);
    tell('authorized', op('Authorize'));
    tell('ensure', 6, 'scope.address');
    tell('ensure', 7, 'scope.nonsense');
    pass(172800000);
    tell('request', 8, false);
    tell('edgeFailed', op('Refresh'), 429, 'upstream_rate_limited', 60);
    tell('login', 9);
  });
  play('silent', 'official', function (tell, op, launch) {
    launch('wxauth2 7 -250 0 3 3 1790200600000 access.of.before refresh-of-before *owed', 9);
    tell('revoked', op('Revoke'));
    tell('openData', 1, true, undefined, '');
    tell('keyReady', 2);
    tell('sessionChecked', op('CheckSession'), true);
    tell('replyArrived', 1, 409, 'session_key_stale');
    tell('codeIssued', op('CallLogin'), 'another-code');
    tell('tokensArrived', op('Exchange'), 'a.b.c', 'd', 600, now);
    tell('openData', 3, false, 112, 'getPhoneNumber:fail api scope is not declared in the privacy agreement');
    tell('phone', 4, 'phone-code', undefined, 'getPhoneNumber:ok');
    tell('phone', 5, 'phone-code', undefined, 'getPhoneNumber:ok');
    tell('phone', 6, undefined, undefined, 'getPhoneNumber:ok');
    tell('phone', 7, undefined, 1400001, 'getPhoneNumber:fail');
    tell('replyArrived', 4, 200, '');
  });
  play('never', 'official', function (tell, op, launch) {
    launch('{"not": "a record"}', 0);
    tell('ready', 1);
    tell('request', 2, false);
    tell('login', 3);
  });
  lines.push(module.profileMethod('2.21.2'));
  lines.push(module.redactedRecord('wxauth2 7 -250 0 3 3 1 access refresh *owed'));
  lines.push(module.redactedRecord('wxauth3 5 7 -250 3 3 1 access refresh .'));
  lines.push(module.redactedRecord('wxauth3 5 out *owed .'));
  return lines.join('\n');
}
