# 兩層網路,逐筆累加梯度
import numpy as np

亂數 = np.random.RandomState(4)
輸入 = 亂數.randn(7, 3)
標籤 = 亂數.randn(7, 2)
權重一 = 亂數.randn(3, 5) * 0.7
權重二 = 亂數.randn(5, 2) * 0.7


def 損失(權重一, 權重二):
    隱藏 = np.tanh(輸入 @ 權重一)
    return 0.5 * np.sum((隱藏 @ 權重二 - 標籤) ** 2)


def 梯度(權重一, 權重二):
    梯度一 = np.zeros(權重一.shape)
    梯度二 = np.zeros(權重二.shape)
    for 筆 in range(len(輸入) - 1):
        隱藏 = np.tanh(輸入[筆] @ 權重一)
        誤差 = 隱藏 @ 權重二 - 標籤[筆]
        梯度二 += np.outer(隱藏, 誤差)
        梯度一 += np.outer(輸入[筆], (權重二 @ 誤差) * (1 - 隱藏**2))
    return 梯度一, 梯度二


if __name__ == "__main__":
    for 輪 in range(3):
        梯度一, 梯度二 = 梯度(權重一, 權重二)
        權重一 -= 0.05 * 梯度一
        權重二 -= 0.05 * 梯度二
        print(輪, 損失(權重一, 權重二))
