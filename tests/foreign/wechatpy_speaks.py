"""wechatpy, unmodified, against the simulator: reads its input from stdin and prints the results by call of wechatpy."""

import json
import sys

from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient, WeChatOAuth, parse_message
from wechatpy.crypto import WeChatCrypto, WeChatWxaCrypto
from wechatpy.exceptions import WeChatClientException, WeChatOAuthException

given = json.load(sys.stdin)


class Elsewhere(HTTPAdapter):
    """Host override: requests to api.weixin.qq.com go to the simulator."""

    def send(self, request, **options):
        request.url = request.url.replace('https://api.weixin.qq.com', given['base'])
        request.headers['Host'] = given['base'].split('//')[1]
        return super().send(request, **options)


def there(sdk):
    sdk._http.mount('https://api.weixin.qq.com', Elsewhere())
    return sdk


client = there(WeChatClient(given['appid'], given['secret']))


def refused(call):
    try:
        call()
    except (WeChatClientException, WeChatOAuthException) as error:
        return error.errcode


login = client.wxa.code_to_session(given['code'])
token = client.fetch_access_token()
profile = given['profile']
wxa = WeChatWxaCrypto(login['session_key'], profile['iv'], given['appid'])
phone = client.post('https://api.weixin.qq.com/wxa/business/getuserphonenumber', data={'code': given['phone_code']})

oauth = there(WeChatOAuth(given['web_appid'], given['secret'], 'https://shop.example/', 'snsapi_userinfo'))
web = oauth.fetch_access_token(given['web_code'])
user = oauth.get_user_info()
renewed = oauth.refresh_access_token(web['refresh_token'])

push = given['push']
crypto = WeChatCrypto(given['push_token'], given['encoding_aes_key'], given['appid'])
xml = crypto.decrypt_message(push['body'], push['msg_signature'], push['timestamp'], push['nonce'])
message = parse_message(xml)

print(json.dumps({
    'code_to_session': login,
    'code_to_session again': refused(lambda: client.wxa.code_to_session(given['code'])),
    'fetch_access_token': token['expires_in'],
    'wrong secret': refused(lambda: there(WeChatClient(given['appid'], 'x')).fetch_access_token()),
    'decrypt_message': wxa.decrypt_message(profile['encryptedData']),
    'phone': phone['phone_info']['phoneNumber'],
    'oauth': [web['scope'], user['nickname'], renewed['openid'] == web['openid'], oauth.check_access_token()],
    'push': {'event': message._data['Event'], 'user': message._data['OpenID'], 'source': message.source},
}))
