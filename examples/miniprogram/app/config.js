// What is yours. Nothing secret belongs in here: everybody can read a mini program.
// 改成自己的。这里不能放密钥：小程序的代码谁都看得到。
module.exports = {
  backend: 'http://127.0.0.1:8010',
  noticeTemplate: '', // the same template id as [settings.notice] of the hub's channel file
}
