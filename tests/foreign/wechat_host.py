"""Host override for `requests`: requests to WeChat's hosts go to a simulator. The libraries stay unmodified."""

from requests.adapters import HTTPAdapter

HOSTS = ('https://api.weixin.qq.com', 'https://open.weixin.qq.com')


def redirect_wechat(simulator):
    send = HTTPAdapter.send

    def redirected(adapter, request, **options):
        for host in HOSTS:
            if request.url.startswith(host):
                request.url = simulator + request.url.removeprefix(host)
                request.headers['Host'] = simulator.split('//')[1]
        return send(adapter, request, **options)

    HTTPAdapter.send = redirected
